"""Errors of the machine, which say nothing of what it was at: memory that ran out, a disk that failed for a moment.

They pass. So nothing that was being read when one came counts as damaged.
"""

import errno
import re
from collections.abc import Iterator

from lmcspec.base.beneath import ForeignError

_NO_MEMORY = re.compile(r"(can't|[Cc]annot) allocate memory|out of memory|_STATUS_ALLOC_FAILED")
"""What errors say that have no class of their own: torch's on the host, CUDA's, those of cuBLAS and cuDNN."""
_NUMBER = re.compile(r"\(os error (\d+)\)")
_OF_THE_FILE = (ForeignError, FileNotFoundError, NotADirectoryError, IsADirectoryError)
_NUMBERS_OF_THE_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP)


def out_of_memory(error: BaseException) -> bool:
    """Whether memory of the device or the host ran out."""
    # torch's exception is known by name, so that this needs no torch.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if system_number(error) == errno.ENOMEM:
        return True
    return isinstance(error, RuntimeError) and _NO_MEMORY.search(str(error)) is not None


def system_number(error: BaseException) -> int | None:
    """The system's number for an error, also for one that safetensors has made a text of."""
    if isinstance(error, OSError):
        return error.errno
    number = _NUMBER.search(str(error)) if type(error).__name__ == "SafetensorError" else None
    return int(number[1]) if number else None


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what it was raised from, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def of_machine(error: BaseException) -> BaseException | None:
    """The error itself, or that which it was raised from, if it is one of the machine; None if it may be the file's.

    A file that is missing, no file, or a link is the file's own trouble, whatever the system said of it; all else that
    the system says is the machine's.
    """
    for cause in causes(error):
        if isinstance(cause, _OF_THE_FILE):
            return None
        if _is_of_machine(cause):
            return cause
    return None


def _is_of_machine(error: BaseException) -> bool:
    if out_of_memory(error) or (isinstance(error, RuntimeError) and "CUDA error" in str(error)):
        return True
    number = system_number(error)
    return number is not None and number not in _NUMBERS_OF_THE_FILE
