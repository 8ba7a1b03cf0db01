"""One task from beginning to end, in the process that does it: lease, attempt, `run`, commit."""

import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from lmcspec.base import clock, faults
from lmcspec.base.errors import LmcspecError, StoreError
from lmcspec.base.ids import digest, short
from lmcspec.engine import failures, numerics, peaks, pristine
from lmcspec.engine.attend import HEARTBEAT
from lmcspec.engine.context import Execution, TaskContext, Workplace, present
from lmcspec.engine.exchange import exchanging
from lmcspec.engine.failures import Failure
from lmcspec.store import Attempt, Lease, Store, Stored, holder, open_attempt, take
from lmcspec.tasks import Finished, UnfitInput, decode, kind, own_id
from lmcspec.tasks.code import check_code, check_kind


@dataclass(frozen=True, slots=True)
class Report:
    """How one try at a task ended, as it travels to the driver."""

    status: str
    """`done`, `reused` (it was in the store, or another worker was first), `busy` (another holds the lease),
    `failed` or `interrupted`."""
    seconds: float
    outcome: str = "ok"
    scalars: dict[str, Any] = field(default_factory=dict)
    byproducts: tuple[str, ...] = ()
    """What this very run committed in passing."""
    failure: Failure | None = None
    holder: str = ""
    note: str = ""

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @staticmethod
    def read(document: dict[str, Any]) -> "Report":
        """The report that `document` made the data of."""
        failure = document["failure"]
        values = {**document, "byproducts": tuple(document["byproducts"])}
        return Report(**{**values, "failure": Failure.read(failure) if failure else None})


def execute(store: Store, identifier: str, payload: dict[str, Any], place: Workplace) -> Report:
    """Do a task here and now. Raises only KeyboardInterrupt; everything else ends in the report.

    `payload` is {"task", "shared", "inputs", "byproducts", "neutral", "record"}, the last for what the record of the
    object shall say besides; where it has "objects", these come from a URL and go to it (`exchange`). `place.send`
    gets {"attempt": folder}, {"progress": [done, total, note]} and {"byproduct": id}.
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
    return replace(report, seconds=time.monotonic() - begun)


def _under_lease(store: Store, identifier: str, payload: dict[str, Any], place: Workplace) -> Report:
    if stored := present(store, identifier):
        return _reused(stored)
    lease = take(store, identifier)
    if lease is None:
        return Report("busy", 0.0, holder=_holder(store, identifier))
    try:
        # It may have been committed between the look and the lease.
        if stored := present(store, identifier):
            return _reused(stored)
        return _attempt(store, identifier, payload, place, lease)
    finally:
        lease.release()


def _attempt(store: Store, identifier: str, payload: dict[str, Any], place: Workplace, lease: Lease) -> Report:
    attempt = open_attempt(store, identifier, lease)
    place.send({"attempt": str(attempt.path)})
    began, ticking = clock.now(), time.monotonic()
    record: Callable[[], dict[str, Any]] = dict
    log = place.open_log(attempt.log_path)
    try:
        try:
            task = kind(payload["task"]["kind"])
            if task.version != payload["task"]["version"]:
                raise StoreError(
                    f"the plan was made for version {payload['task']['version']} of {task.name}, "
                    f"this is version {task.version}",
                    help="plan again",
                )
            _check_identity(identifier, payload)
            check_kind(task.name, payload["task"].get("code"))

            def record() -> dict[str, Any]:
                return {
                    "seconds": time.monotonic() - ticking,
                    "numerics": dict(computed),
                    "machine": numerics.machine(place.device),
                    "memory": peaks.peak(place.device),
                    "times": {"started": began, "ended": clock.now()},
                    **payload.get("record", {}),
                }

            pristine.prepare(task.threads)
            peaks.begin(place.device)
            computed = numerics.numerics(place.device, task.threads)
            context = TaskContext(Execution(store, payload, place, lease, log, record, computed), attempt)
            params = decode(task.params, payload["task"]["params"], payload.get("shared", {}))
            check_code([(task, params)], payload.get("neutral", {}))
            with HEARTBEAT.attending(lease, log), warnings.catch_warnings():
                try:
                    finished = task.run(context, params, payload["task"]["seeds"])
                except UnfitInput as error:
                    raise context.unfit(error) from error
                finally:
                    context.close()
        except BaseException as error:
            # What is to be mended is in the sentence, and not where in the task it was found.
            log.end(f"{error}\n" if isinstance(error, LmcspecError) else traceback.format_exc())
            raise
        finally:
            log.close()
        return _commit(attempt, payload, finished, record(), tuple(context.committed))
    except BaseException as error:
        failure = failures.describe(error, attempt.log_path, store.root)
        attempt.fail(failure.document())
        if isinstance(error, KeyboardInterrupt):
            raise
        return Report("interrupted" if failure.reason == "interrupted" else "failed", 0.0, failure=failure)


def _check_identity(identifier: str, payload: dict[str, Any]) -> None:
    """Raise StoreError where an id is not the hash of what its task does, whoever spelled the task out."""
    passed = payload.get("byproducts", ())
    for name, task in [(identifier, payload["task"]), *((byproduct["id"], byproduct["task"]) for byproduct in passed)]:
        if (by_content := own_id(task)) != name:
            raise StoreError(
                f"the task {short(name)} has the id {short(by_content)} by what it does", help="plan again"
            )
    for name, value in payload.get("shared", {}).items():
        if digest(value) != name:
            raise StoreError(f"the part {short(name)} has the digest {short(digest(value))}", help="plan again")


def _commit(
    attempt: Attempt, payload: dict[str, Any], finished: Finished, record: dict[str, Any], byproducts: tuple[str, ...]
) -> Report:
    result = {"scalars": dict(finished.scalars), "outcome": finished.outcome}
    ending = attempt.commit(payload["task"], result, record)
    faults.reach("lease.kept")
    note = ""
    if ending == "lost" and attempt.race and not attempt.race.equal:
        note = f"another worker committed a different result first: {short(attempt.race.theirs)}"
    status = "done" if ending == "committed" else "reused"
    return Report(status, 0.0, finished.outcome, dict(finished.scalars), byproducts, note=note)


def _reused(stored: Stored) -> Report:
    return Report("reused", 0.0, stored.outcome, stored.scalars)


def _holder(store: Store, identifier: str) -> str:
    owner = holder(store, identifier)
    return f"process {owner.process.pid} on {owner.process.host}" if owner else "another process"


def _lines(error: BaseException) -> tuple[str, ...]:
    text = "".join(traceback.format_exception(error))
    return tuple(text.splitlines()[-failures.LAST_LINES :])
