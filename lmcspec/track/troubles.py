"""How telling a tracking server goes wrong: try again later, or never; and what stops nothing else."""

import contextlib
import http
import logging
import re
from collections.abc import Iterator

from lmcspec.base.errors import LmcspecError
from lmcspec.base.ids import short
from lmcspec.track.where import shown, without_secrets

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


_NEVER = {
    "INVALID_PARAMETER_VALUE",
    "BAD_REQUEST",
    "RESOURCE_DOES_NOT_EXIST",
    "RESOURCE_ALREADY_EXISTS",
    "INVALID_STATE",
    "FEATURE_DISABLED",
}
_SOON = {429, 500, 502, 503, 504}
_STATUS = re.compile(r"too many (\d{3}) error responses|failed with error code (\d{3})")
_CAUSE = re.compile(r"\(Caused by (.+)\)$")


def translated(error: Exception, uri: str) -> UnreachableError | RefusedError:
    """An error of MLflow's, or of a library beneath it, as one of ours."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    # Of a failed connection the last words say why: a certificate, a name that is not known, a refusal.
    first = (caused[1] if (caused := _CAUSE.search(first)) else first)[:300]
    code = getattr(error, "error_code", "")
    # The server's own words, or those of whatever stands before it, which has no codes of MLflow's.
    answered = _STATUS.search(str(error))
    status = int(answered[1] or answered[2]) if answered else 0
    whom = f"MLflow at {shown(uri)}"
    if status in _SOON:
        return BusyError(f"{whom} answers {status} ({_phrase(status)}): it can't just now")
    if code in _NEVER and not status:
        return RefusedError(without_secrets(f"{whom} refuses: {first}", uri))
    answer = f"answers {status} ({_phrase(status)})" if status else "does not answer"
    return UnreachableError(without_secrets(f"{whom} {answer}: {first}", uri))


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "no status of HTTP"


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
