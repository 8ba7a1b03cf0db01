"""Errors of the machine, which say nothing of what it was at: memory that ran out, a disk that failed for a moment.

They pass. So nothing that was being read when one came counts as damaged.
"""

import errno
import re
from collections.abc import Iterator

from lmcspec.base.beneath import ForeignError

_NO_MEMORY = r"(can't|[Cc]annot) allocate memory|out of memory|_STATUS_ALLOC_FAILED"
"""What errors say that have no class of their own: torch's on the host, CUDA's, those of cuBLAS and cuDNN."""
_OF_THE_FILE = (ForeignError, FileNotFoundError, NotADirectoryError, IsADirectoryError)


def out_of_memory(error: BaseException) -> bool:
    """Whether memory of the device or the host ran out."""
    # torch's exception is known by name, so that this needs no torch.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if system_number(error) == errno.ENOMEM:
        return True
    return isinstance(error, RuntimeError) and re.search(_NO_MEMORY, str(error)) is not None


def system_number(error: BaseException) -> int | None:
    """The system's number for an error, also for one that safetensors has made a text of."""
    if isinstance(error, OSError):
        return error.errno
    number = re.search(r"\(os error (\d+)\)", str(error)) if type(error).__name__ == "SafetensorError" else None
    return int(number[1]) if number else None


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what it was raised from, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def of_machine(error: BaseException) -> BaseException | None:
    """The error itself, or that which it was raised from, if it is one of the machine; None if it may be the file's.

    A file that is missing, or none, is the file's own trouble; all else that the system says is the machine's.
    """
    return next((cause for cause in causes(error) if _is_of_machine(cause)), None)


def _is_of_machine(error: BaseException) -> bool:
    if isinstance(error, _OF_THE_FILE):
        return False
    number = system_number(error)
    if out_of_memory(error) or (isinstance(error, RuntimeError) and "CUDA error" in str(error)):
        return True
    return number is not None and number not in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR)
