"""Waiting until many files and folders are on disk, all at once."""

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.base import beneath

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 8
"""Files that wait for the disk at a time."""


def sync_all(root: Path, paths: Sequence[Path]) -> None:
    """`beneath.sync` of every path; a disk answers calls that wait together, so ten take little longer than one.

    All that can be are on disk when this returns or raises the first error.
    """
    waiting = [_threads(os.getpid()).submit(beneath.sync, root, path) for path in paths]
    for error in [call.exception() for call in waiting]:
        if error:
            raise error


@functools.cache
def _threads(process: int) -> "ThreadPoolExecutor":
    """One pool a process: threads don't follow into a forked one."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="lmcspec-disk")
