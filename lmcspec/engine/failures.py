"""Why an attempt came to nothing: the classes that decide whether it is tried again."""

import errno
import os
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from lmcspec.base import beneath
from lmcspec.base.beneath import ForeignError
from lmcspec.base.errors import BlockedError, LmcspecError, StaleError, StoreError
from lmcspec.base.machine import out_of_memory, system_number
from lmcspec.store import layout
from lmcspec.store.header import stands
from lmcspec.tasks import Interrupted

FailureClass = Literal[
    "interrupted",  # stopped on request
    "lost",  # the worker process ended in the middle of the task
    "hung",  # it said nothing for so long that its worker was ended
    "out-of-memory",  # memory of the device or the host ran out
    "store",  # the store can't be written to, so that no other task would fare better
    "stale",  # data are not what was planned, so that what else reads them would fare the same
    "damaged",  # an input is not what was committed, and counts as missing from now on
    "data",  # something that the task reads is missing or damaged, or something beside the store can't be written
    "user",  # the task says what is wrong with what it was given
    "internal",  # any other exception
]

LAST_LINES = 15


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt, as it travels to the driver and stands in `failure.json`."""

    reason: FailureClass
    message: str
    type: str = ""
    """The exception's class."""
    help: str = ""
    log: str = ""
    last_lines: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @staticmethod
    def read(document: dict[str, Any]) -> "Failure":
        """The failure that `document` made the data of."""
        return Failure(**{**document, "last_lines": tuple(document["last_lines"])})


class DamagedInputError(StoreError):
    """What a task was to start from is not what was committed. It is made again by the next plan that needs it."""

    def __init__(self, name: str, damage: StoreError) -> None:
        super().__init__(
            f"the input {name!r} can't be used: {damage}", help="run the same command again: it makes that anew"
        )


def classify(error: BaseException) -> FailureClass:
    """The class of failure that an exception means."""
    if isinstance(error, Interrupted | KeyboardInterrupt):
        return "interrupted"
    if out_of_memory(error):
        return "out-of-memory"
    if isinstance(error, DamagedInputError):
        return "damaged"
    if isinstance(error, StaleError):
        return "stale"
    if isinstance(error, StoreError | BlockedError | OSError) or system_number(error) is not None:
        return "data"
    if isinstance(error, LmcspecError):
        return "user"
    return "internal"


def unwritable(error: BaseException, root: Path, log: Path | None = None) -> StoreError | None:
    """What is wrong with the store at `root` and what to do, if that is why a task failed: its disk is full, say, or it
    isn't there any more, or the attempt's folder isn't, which `log` is in.
    """
    if isinstance(error, ForeignError):
        return error
    if isinstance(error, StoreError):
        cause = error.__cause__
        number = cause.errno if isinstance(cause, OSError) else None
        return error if number in _STORE or (number == errno.ENOENT and not _stands(root, log)) else None
    number = system_number(error)
    if number is None or (number not in _DISK and (number != errno.ENOENT or _stands(root, log))):
        return None
    file = getattr(error, "filename", None)
    if isinstance(file, str | bytes | os.PathLike) and not Path(os.fsdecode(file)).is_relative_to(root):
        return None
    try:
        with layout.writing(root):
            raise OSError(number, os.strerror(number), str(file or root)) from error
    except StoreError as meant:
        return meant


def _stands(root: Path, log: Path | None) -> bool:
    # Others make the store's folders again as soon as they need them; an attempt's, nobody does.
    return stands(root) and (log is None or beneath.is_folder(root, log.parent))


_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_STORE = (*_DISK, errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE)


def describe(error: BaseException, log: Path | None, root: Path) -> Failure:
    """The failure that an exception means, in a task for the store at `root`."""
    store = unwritable(error, root, log)
    error = store or error
    reason: FailureClass = "store" if store else classify(error)
    return Failure(
        reason=reason,
        message=str(error) or type(error).__name__,
        type=type(error).__name__,
        help=getattr(error, "help", "") if isinstance(error, LmcspecError) else "",
        log=str(log) if log else "",
        last_lines=() if reason == "user" else last_lines(log),  # what it says is the message
    )


def last_lines(log: Path | None, count: int = LAST_LINES) -> tuple[str, ...]:
    """The end of a log file; nothing if there is none."""
    if log is None:
        return ()
    try:
        with beneath.reading(log.parent, log) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 65536))
            text = file.read().decode(errors="replace")
    except OSError:
        return ()
    return tuple(deque(text.splitlines(), maxlen=count))
