"""How telling a tracking server goes wrong: try again later, or never; and what stops nothing else."""

import contextlib
import logging
from collections.abc import Iterator

from lmcspec.base.errors import LmcspecError
from lmcspec.base.ids import short

_log = logging.getLogger(__name__)


class UnreachableError(LmcspecError):
    """The server does not answer, or not now."""

    exit_code = 6


class BusyError(UnreachableError):
    """The server answers that it can't just now: soon it may."""


class ChangedError(UnreachableError):
    """What it has is not what it was told: it was put back, emptied or moved meanwhile."""


class RefusedError(LmcspecError):
    """The server will not take this, however often it is told."""

    exit_code = 6


@contextlib.contextmanager
def unless_unmade(what: str) -> Iterator[None]:
    """Go on without a picture that can't be drawn, with a line in the log."""
    try:
        yield
    except (UnreachableError, RefusedError):
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is, the numbers are there)
        _log.warning("%s could not be drawn: %s: %s", what, type(error).__name__, error)


@contextlib.contextmanager
def unless_refused(task: str) -> Iterator[None]:
    """Go on with the others where a server will not take something: somebody may have deleted the run of a task."""
    try:
        yield
    except RefusedError as error:
        _log.warning("%s: %s", short(task), error)
