"""Keep the memory that a task frees for its next step, instead of giving it back and asking for it again."""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
"""Parameters of mallopt in glibc's <malloc.h>."""
PAD = 64 * 2**20
"""Bytes by which the heap grows at once."""


def keep() -> bool:
    """Have this process' heap keep what is freed; whether the C library can, which takes glibc.

    By default every large tensor is mapped from the system and unmapped when it is freed, and each step of a training
    pays for the same pages anew. `trim` gives them back.
    """
    libc = _libc()
    return libc is not None and all(
        libc.mallopt(name, value) for name, value in ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, -1), (_TOP_PAD, PAD))
    )


def trim() -> None:
    """Give all that is free back to the system; done between tasks."""
    if (libc := _libc()) is not None:
        libc.malloc_trim(0)


def _libc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
