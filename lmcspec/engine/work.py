"""One task from beginning to end, in the process that does it: lease, attempt, `run`, commit."""

import time
import traceback
import warnings
from dataclasses import replace
from typing import Any

from lmcspec.engine import failures
from lmcspec.engine.attempted import Attempted
from lmcspec.engine.attend import HEARTBEAT
from lmcspec.engine.context import Workplace, present
from lmcspec.engine.exchange import exchanging
from lmcspec.engine.report import Report, busy, reused
from lmcspec.engine.together import Leased, attempt_together
from lmcspec.store import Lease, Store, take


def execute(store: Store, identifier: str, payload: dict[str, Any], place: Workplace) -> Report:
    """Do a task here and now. Raises only KeyboardInterrupt; everything else ends in the report.

    `payload` is {"task", "shared", "inputs", "byproducts", "neutral", "record"}, the last for what the record of the
    object shall say besides; where it has "objects", these come from a URL and go to it (`exchange`). `place.send`
    gets {"attempt": folder}, {"progress": [done, total, note]} and {"byproduct": id}. Of the tasks in "together", a
    list of {"id", "payload"}, some may be done along with it: `together` says what is sent of them.
    """
    begun = time.monotonic()
    try:
        if "objects" in payload:
            report = exchanging(store, identifier, payload, place, _under_lease)
        else:
            report = _under_lease(store, identifier, payload, place)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001
        failure = replace(failures.describe(error, None, store.root), last_lines=_lines(error))
        report = Report("failed", 0.0, failure=failure)
    return report if report.seconds else replace(report, seconds=time.monotonic() - begun)


def _under_lease(store: Store, identifier: str, payload: dict[str, Any], place: Workplace) -> Report:
    if stored := present(store, identifier):
        return reused(stored)
    lease = take(store, identifier)
    if lease is None:
        return busy(store, identifier)
    try:
        # It may have been committed between the look and the lease.
        if stored := present(store, identifier):
            return reused(stored)
        if payload.get("together") and (report := attempt_together(store, Leased(identifier, payload, lease), place)):
            return report
        return _attempt(store, identifier, payload, place, lease)
    finally:
        lease.release()


def _attempt(store: Store, identifier: str, payload: dict[str, Any], place: Workplace, lease: Lease) -> Report:
    """One attempt at a task, under its lease."""
    attempted = Attempted(store, identifier, payload, place, lease)
    try:
        with attempted.doing():
            task, member = attempted.prepare()
            with HEARTBEAT.attending([(lease, attempted.log)]), warnings.catch_warnings(), attempted.running():
                finished = task.run(*member)
        return attempted.commit(finished)
    except BaseException as error:
        report = attempted.fail(error)
        if isinstance(error, KeyboardInterrupt):
            raise
        return report


def _lines(error: BaseException) -> tuple[str, ...]:
    text = "".join(traceback.format_exception(error))
    return tuple(text.splitlines()[-failures.LAST_LINES :])
