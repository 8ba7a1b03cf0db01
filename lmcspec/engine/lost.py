"""What is known of a task whose worker is gone."""

from contextlib import suppress
from pathlib import Path

from lmcspec.base.errors import StoreError
from lmcspec.engine.failures import Failure, last_lines
from lmcspec.engine.runner import Lost
from lmcspec.engine.silence import Silence, said_of
from lmcspec.store import Store, layout, note_lost


def failure_of(lost: Lost, hung: Silence | None, store: Store) -> Failure:
    """Why its attempt came to nothing, which is noted there; `hung` is the silence for which the worker was ended."""
    log = Path(lost.attempt) / layout.LOG if lost.attempt else None
    reason, why = ("hung", said_of(hung)) if hung else ("lost", lost.why)
    failure = Failure(reason, why, log=str(log or ""), last_lines=lost.last_lines or last_lines(log))
    if lost.attempt:
        with suppress(OSError, StoreError):
            note_lost(store, Path(lost.attempt), failure.document())
    return failure
