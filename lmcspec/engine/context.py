"""What a running task sees: the engine's side of `lmcspec.tasks.Context`."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from lmcspec.base import beneath, clock
from lmcspec.base.errors import StoreError
from lmcspec.base.ids import short
from lmcspec.engine.failures import DamagedInputError
from lmcspec.engine.logs import Log
from lmcspec.store import Attempt, DamagedError, Lease, Store, Stored, layout, open_attempt, recall, remember
from lmcspec.store.checked import forget_checked
from lmcspec.tasks import Finished, UnfitInput

REPORT_EVERY = 0.2
"""Seconds between two messages about the progress of a task."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a task runs: a worker process, or the driver itself."""

    device: str
    """`cpu` or `cuda`."""
    send: Callable[[dict[str, Any]], None]
    """Say something to the driver about the running task."""
    stopping: Callable[[], bool]
    open_log: Callable[[Path], Log]
    memory: dict[Any, Any] = field(default_factory=dict)
    """What tasks keep for later ones in the same process."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution of a task: what the task and its by-products share."""

    store: Store
    payload: Mapping[str, Any]
    place: Workplace
    lease: Lease
    log: Log
    record: Callable[[], dict[str, Any]]
    """How an object that is committed now came about."""
    numerics: dict[str, Any]
    """On what it is computed, a part of that."""


class TaskContext:
    """One task's, or one by-product's, view of its inputs, its folder and the driver."""

    def __init__(self, execution: Execution, attempt: Attempt) -> None:
        self._execution = execution
        self._store, self._payload, self._place = execution.store, execution.payload, execution.place
        self.device = self._place.device
        self.neutral: dict[str, Any] = self._payload.get("neutral", {})
        self.numerics, self.memory = execution.numerics, self._place.memory
        self.ahead = float(self._payload.get("ahead", 0.0))
        self.room: int | None = self._payload.get("room")
        self.committed: list[str] = []
        """By-products that this very run committed."""
        self.attempt = attempt
        self._metrics: IO[str] | None = None
        self._reported = 0.0

    @property
    def task(self) -> str:
        return self.attempt.task

    @property
    def out(self) -> Path:
        return self.attempt.out

    @property
    def partial(self) -> Path:
        return self.attempt.partial

    def input(self, name: str) -> Path:
        """The folder of the committed result, in which every file was compared with its digest."""
        stored = self._stored(name, outputs=True)
        try:
            return stored.out
        except DamagedError as error:
            raise self._taken_out(name, error) from error

    def result(self, name: str) -> dict[str, Any]:
        return self._stored(name, outputs=False).scalars

    def has(self, name: str) -> bool:
        return name in self._payload.get("inputs", {})

    def metric(self, name: str, value: float, step: int) -> None:
        if self._metrics is None:
            self._metrics = self.attempt.open_metrics()
        line = {"name": name, "value": layout.spelled(float(value)), "step": step, "at": clock.now()}
        self._metrics.write(json.dumps(line) + "\n")

    def progress(self, done: int, total: int, note: str = "") -> None:
        now = time.monotonic()
        if now - self._reported >= REPORT_EVERY:
            self._reported = now
            self._place.send({"progress": [done, total, note]})

    def stopping(self) -> bool:
        return self._place.stopping()

    def remember(self, key: str, document: dict[str, Any]) -> None:
        if recall(self._store, key) is None:
            remember(self._store, key, document)

    def recall(self, key: str) -> dict[str, Any] | None:
        return recall(self._store, key)

    def computes(self, **how: Any) -> None:
        self.numerics.update(how)

    def log(self, line: str) -> None:
        self._execution.log.write(f"{time.strftime('%H:%M:%S')} {line}\n")

    def byproducts(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        # An earlier attempt may have passed some: a checkpoint beyond those is as good as any.
        return tuple(
            (entry["id"], entry["task"]["params"])
            for entry in self._payload.get("byproducts", ())
            if not present(self._store, entry["id"])
        )

    @contextmanager
    def byproduct(self, task_id: str) -> Iterator["TaskContext | None"]:
        if present(self._store, task_id):
            yield None
            return
        attempt = open_attempt(self._store, task_id, self._execution.lease)
        context = TaskContext(self._execution, attempt)
        try:
            yield context
        finally:
            context.close()
            if task_id not in self.committed and beneath.is_folder(self._store.root, attempt.path):
                attempt.fail({"reason": "interrupted", "message": "the task that passes this state went no further"})

    def commit_byproduct(self, context: "TaskContext", finished: Finished) -> None:
        identifier = context.attempt.task
        task = next(entry["task"] for entry in self._payload["byproducts"] if entry["id"] == identifier)
        context.close()
        record = {**self._execution.record(), "passed_by": self.attempt.task}
        context.attempt.commit(task, {"scalars": dict(finished.scalars), "outcome": finished.outcome}, record)
        self.committed.append(identifier)
        self._place.send({"byproduct": identifier})

    def close(self) -> None:
        """Close the file of metrics."""
        if self._metrics is not None:
            self._metrics.close()
            self._metrics = None

    def _stored(self, name: str, *, outputs: bool) -> Stored:
        identifier = self._payload["inputs"][name]
        try:
            stored = self._store.read(identifier, patience=1.0)
        except DamagedError as error:
            raise self._taken_out(name, error) from error
        if stored is None or (outputs and not stored.has_outputs):
            raise StoreError(
                f"the input {name!r}, object {short(identifier)}, is not in the store any more",
                help="run the same command again: it makes what is missing",
            )
        return stored

    def unfit(self, error: UnfitInput) -> DamagedInputError:
        """Let an input count as missing that the task can't start from, so that the next plan has it made again.

        Its files are compared anew before: what is damaged, or can't be read now, is said to be so.
        """
        forget_checked()
        self.input(error.name)
        return self._taken_out(error.name, DamagedError(self._payload["inputs"][error.name], error.why))

    def _taken_out(self, name: str, error: DamagedError) -> DamagedInputError:
        """Let what is damaged count as missing, so that the next plan has it made again."""
        self._store.take_out(error.id)
        return DamagedInputError(name, error)


def present(store: Store, identifier: str) -> Stored | None:
    """The object if it is committed and has its outputs: if its task has nothing left to do."""
    stored = store.find(identifier)
    return stored if stored is not None and stored.has_outputs else None
