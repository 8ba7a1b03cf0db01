"""What becomes of each task, written down in the store for whoever tracks runs."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from lmcspec.base.errors import StoreError
from lmcspec.engine import events
from lmcspec.engine.provenance import Provenance
from lmcspec.engine.run import Listener
from lmcspec.store import Journal, Store, open_journal

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def journal(
    store: Store, study: str, plan: Mapping[str, Any], spec: Mapping[str, Any] | None, provenance: Provenance
) -> Iterator[Listener]:
    """A listener that writes the invocation's journal. Where that can't be written it says so once; the run goes on."""
    try:
        written = open_journal(store, study, plan, spec, asdict(provenance))
    except (OSError, StoreError) as error:
        _log.warning("this run can't be tracked: %s", error)
        yield lambda event: None
        return
    try:
        yield _Writer(written).on_event
    finally:
        # What could not be written is tried again here, and fails again.
        with contextlib.suppress(OSError):
            written.close()


class _Writer:
    def __init__(self, written: Journal) -> None:
        self._journal, self._failed = written, False

    def on_event(self, event: events.Event) -> None:
        """Write an event down, if it is one that outlives the run."""
        line = _line(event)
        if line is None or self._failed:
            return
        try:
            self._journal.write(line[0], event.at, **line[1])
        except OSError as error:
            self._failed = True
            _log.warning("the rest of this run can't be tracked: %s", error)


def _line(event: events.Event) -> tuple[str, dict[str, Any]] | None:
    match event:
        case events.RunStarted(tasks=tasks):
            return "run started", {"tasks": len(tasks), "slots": event.slots}
        case events.Started(task=task, attempt=attempt):
            return "started", {"task": task.id, "attempt": attempt}
        case events.Finished(task=task, outcome=outcome, reused=reused, seconds=seconds):
            return "finished", {"task": task.id, "outcome": outcome, "reused": reused, "seconds": seconds}
        case events.Retried(task=task, reason=reason, message=message):
            return "retried", {"task": task.id, "reason": reason, "message": message}
        case events.Failed(task=task, reason=reason, message=message, log=log):
            return "failed", {"task": task.id, "reason": reason, "message": message, "log": log}
        case events.Skipped(task=task, why=why):
            return "skipped", {"task": task.id, "why": why}
        case events.Interrupted(task=task):
            return "interrupted", {"task": task.id}
        case events.RunEnded():
            counts = {name: getattr(event, name) for name in ("done", "failed", "skipped", "interrupted", "reused")}
            return "run ended", {**counts, "seconds": event.seconds}
        case _:
            return None
