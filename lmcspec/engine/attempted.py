"""An attempt at a task in the process that does it: what the task sees, and how it ends."""

import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lmcspec.base import clock, faults
from lmcspec.base.errors import LmcspecError, StoreError
from lmcspec.base.ids import digest, short
from lmcspec.engine import failures, numerics, peaks, pristine
from lmcspec.engine.context import Execution, TaskContext, Workplace
from lmcspec.engine.report import Report
from lmcspec.store import Lease, Store, open_attempt
from lmcspec.tasks import Finished, UnfitInput, decode, kind, own_id
from lmcspec.tasks.code import check_code, check_kind
from lmcspec.tasks.kind import Kind, Member


class Attempted:
    """An attempt, open from the beginning. `doing` is where the task is done; then comes `commit`, or `fail`."""

    def __init__(self, store: Store, identifier: str, payload: dict[str, Any], place: Workplace, lease: Lease) -> None:
        self._store, self._id, self._payload, self._place = store, identifier, payload, place
        self.lease = lease
        self._attempt = open_attempt(store, identifier, lease)
        place.send({"attempt": str(self._attempt.path)})
        self._began, self._ticking = clock.now(), time.monotonic()
        self.log = place.open_log(self._attempt.log_path)
        self.beside = 0
        """How many others were done along with it, as one program: its seconds are its share."""
        self._computed: dict[str, Any] = {}
        self._context: TaskContext | None = None

    @contextmanager
    def doing(self) -> Iterator[None]:
        """The time in which the task is prepared and done: what goes wrong stands in its log, which ends with it."""
        try:
            yield
        except BaseException as error:
            # What is to be mended is in the sentence, and not where in the task it was found.
            self.log.end(f"{error}\n" if isinstance(error, LmcspecError) else traceback.format_exc())
            raise
        finally:
            self.log.close()

    def prepare(self) -> tuple[Kind, Member]:
        """The kind of the task, and what that is called with; StoreError where it is not what was planned."""
        task = kind(self._payload["task"]["kind"])
        if task.version != self._payload["task"]["version"]:
            raise StoreError(
                f"the plan was made for version {self._payload['task']['version']} of {task.name}, "
                f"this is version {task.version}",
                help="plan again",
            )
        _check_identity(self._id, self._payload)
        check_kind(task.name, self._payload["task"].get("code"))
        pristine.prepare(task.threads)
        peaks.begin(self._place.device)
        self._computed = numerics.numerics(self._place.device, task.threads)
        execution = Execution(
            self._store, self._payload, self._place, self.lease, self.log, self.record, self._computed
        )
        self._context = TaskContext(execution, self._attempt)
        params = decode(task.params, self._payload["task"]["params"], self._payload.get("shared", {}))
        check_code([(task, params)], self._payload.get("neutral", {}))
        member = Member(self._context, params, self._payload["task"]["seeds"])  # pyright: ignore[reportArgumentType]
        return task, member

    @contextmanager
    def running(self) -> Iterator[None]:
        """The time in which it is done: an input that it can't start from has to be made again."""
        assert self._context
        try:
            yield
        except UnfitInput as error:
            raise self._context.unfit(error) from error
        finally:
            self._context.close()

    def close(self) -> None:
        """Close what the task had open, once it is done."""
        if self._context:
            self._context.close()

    def record(self) -> dict[str, Any]:
        """How an object that is committed now came about."""
        peak = {} if self.beside else {"memory": peaks.peak(self._place.device)}  # of all of them, else
        return {
            "seconds": (time.monotonic() - self._ticking) / (1 + self.beside),
            "numerics": dict(self._computed),
            "machine": numerics.machine(self._place.device),
            **peak,
            "times": {"started": self._began, "ended": clock.now()},
            **self._payload.get("record", {}),
        }

    def commit(self, finished: Finished) -> Report:
        """Put the result into the store."""
        assert self._context
        byproducts = tuple(self._context.committed)
        result = {"scalars": dict(finished.scalars), "outcome": finished.outcome}
        ending = self._attempt.commit(self._payload["task"], result, self.record())
        faults.reach("lease.kept")
        note = ""
        if ending == "lost" and self._attempt.race and not self._attempt.race.equal:
            note = f"another worker committed a different result first: {short(self._attempt.race.theirs)}"
        status = "done" if ending == "committed" else "reused"
        return Report(status, 0.0, finished.outcome, dict(finished.scalars), byproducts, note=note)

    def fail(self, error: BaseException) -> Report:
        """End without a result."""
        failure = failures.describe(error, self._attempt.log_path, self._store.root)
        self._attempt.fail(failure.document())
        return Report("interrupted" if failure.reason == "interrupted" else "failed", 0.0, failure=failure)

    def give_up(self, why: str) -> None:
        """End without a result, as a task that is done anew."""
        self._attempt.fail({"reason": "interrupted", "message": why})


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
