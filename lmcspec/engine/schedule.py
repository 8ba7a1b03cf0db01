"""Which task runs where and when. Pure: no clock, no processes; time is a number that the caller passes in."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from lmcspec.engine.chains import chains, estimates, producers_of
from lmcspec.engine.planned import PlannedTask


class State(Enum):
    """Where a task stands. The last three are final."""

    WAITING = "waiting"
    READY = "ready"
    DELAYED = "delayed"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


FINAL = (State.DONE, State.FAILED, State.SKIPPED)


@dataclass(frozen=True, slots=True)
class Retries:
    """When a task is tried again: how often if it failed in a passing way, and after how long."""

    lost: int = 3
    first: float = 0.1
    """Seconds before the first retry of a lost task; each further one waits `factor` times as long."""
    factor: float = 4.0
    out_of_memory: int = 1
    held_elsewhere: tuple[float, float] = (0.5, 8.0)
    """Seconds until a task that another driver's worker does is looked at again: at first, and at most (it doubles)."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from a failed attempt: another one at time `retry_at`, or `skipped` (id, why) descendants."""

    retry_at: float | None
    alone: bool
    skipped: tuple[tuple[str, str], ...]


class TaskQueue:
    """The tasks of a job on slots. `devices[slot]` names the device that a slot is part of.

    A slot takes tasks only while it is open (its worker is ready). Ready tasks go by the longest chain of
    predicted seconds that hangs on them; a task without a prediction counts as the median of the others.
    """

    def __init__(
        self,
        tasks: Mapping[str, PlannedTask],
        devices: Sequence[str],
        *,
        skip_collapsed: bool = False,
        retries: Retries = Retries(),
    ) -> None:
        self.tasks = tasks
        self.state = dict.fromkeys(tasks, State.WAITING)
        self.attempts = dict.fromkeys(tasks, 0)
        self.stopped = False
        """Once set, nothing more is assigned."""
        self._devices = tuple(devices)
        self._retries = retries
        self._skip_collapsed = skip_collapsed
        self._open: set[int] = set()
        self._slot_of: dict[str, int] = {}
        self._failures: dict[tuple[str, str], int] = {}
        self._alone: set[str] = set()
        self._exclusive: dict[str, str] = {}
        self._delayed: list[tuple[float, int, str]] = []
        self._ready: list[tuple[float, int, str]] = []
        self._order = {identifier: place for place, identifier in enumerate(tasks)}
        self._left = len(tasks)
        self._producers = producers_of(tasks.values())
        self._needs = {task.id: {need for need in task.needs if need in self._producers} for task in tasks.values()}
        self._waiting_for: dict[str, list[str]] = {}
        for identifier, needs in self._needs.items():
            for need in needs:
                self._waiting_for.setdefault(need, []).append(identifier)
        self.estimates = estimates(tasks.values())
        self.chains = chains(tasks, self.estimates)
        for identifier, needs in self._needs.items():
            if not needs:
                self._make_ready(identifier)

    @property
    def over(self) -> bool:
        """Whether every task is done, failed or skipped; or none runs and no more will."""
        return not self._left or (self.stopped and not self._slot_of)

    @property
    def running(self) -> dict[str, int]:
        """The slot of each task that runs."""
        return dict(self._slot_of)

    def open(self, slot: int) -> None:
        """The slot can take a task from now on."""
        self._open.add(slot)

    def close(self, slot: int) -> None:
        """The slot can't take a task until it is opened again."""
        self._open.discard(slot)

    def wake(self) -> float | None:
        """When the next delayed task is due."""
        return self._delayed[0][0] if self._delayed else None

    def due(self, now: float) -> list[str]:
        """Delayed tasks whose time has come; they are ready from now on."""
        waited = []
        while self._delayed and self._delayed[0][0] <= now:
            identifier = heapq.heappop(self._delayed)[2]
            if self.state[identifier] is State.DELAYED:
                self._make_ready(identifier)
                waited.append(identifier)
        return waited

    def assign(self) -> list[tuple[str, int]]:
        """(task, slot) pairs to start now; they count as running at once."""
        if self.stopped or not self._ready:
            return []
        busy = set(self._slot_of.values())
        idle = sorted(self._open - busy)
        if not idle:
            return []
        started: list[tuple[str, int]] = []
        drained = self._place_alone(idle, started)
        put_back = []
        for slot in idle:
            device = self._devices[slot]
            if device in self._exclusive or device == drained or slot in self._slot_of.values():
                continue
            while self._ready:
                entry = heapq.heappop(self._ready)
                if self.state[entry[2]] is not State.READY:
                    continue
                if entry[2] in self._alone:
                    put_back.append(entry)
                    continue
                self._run(entry[2], slot)
                started.append((entry[2], slot))
                break
        for entry in put_back:
            heapq.heappush(self._ready, entry)
        return started

    def done(self, identifier: str, outcome: str = "ok", missing: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
        """The task's result is in the store, and its by-products but those `missing`. Returns what is skipped, why."""
        self._end(identifier, State.DONE)
        task = self.tasks[identifier]
        missing = set(missing)
        for byproduct in task.byproducts:
            if byproduct not in missing:
                self._provide(byproduct)
        skipped = self._skip_dependents(
            sorted(missing), f"needs a state on the way of {task.label}, which is stored without it: run again"
        )
        nothing = task.nothing_if_diverged and outcome == "diverged"
        if nothing or (self._skip_collapsed and task.outcome_matters and outcome != "ok"):
            return skipped + self._skip_dependents([identifier], f"needs {task.label}, which ended {outcome}")
        self._provide(identifier)
        return skipped

    def committed(self, byproduct: str) -> None:
        """A by-product is in the store although the task that makes it still runs."""
        self._provide(byproduct)

    def put_back(self, identifier: str, until: float) -> None:
        """The task did not run, since someone else holds it; look again at that time."""
        self._release(identifier)
        self.attempts[identifier] -= 1
        self._delay(identifier, until)

    def failed(self, identifier: str, reason: str, now: float) -> Consequence:
        """An attempt failed; `reason` is its class."""
        count = self._failures.get((identifier, reason), 0)
        if reason == "lost" and count < self._retries.lost:
            retry_at = now + self._retries.first * self._retries.factor**count
        elif reason == "out-of-memory" and count < self._retries.out_of_memory:
            retry_at = now
            self._alone.add(identifier)
        else:
            self._end(identifier, State.FAILED)
            task = self.tasks[identifier]
            return Consequence(None, False, self._skip_dependents([identifier, *task.byproducts], _needs_failed(task)))
        self._failures[identifier, reason] = count + 1
        self._release(identifier)
        self._delay(identifier, retry_at)
        return Consequence(retry_at, identifier in self._alone, ())

    def interrupted(self, identifier: str) -> None:
        """The task stopped on request and is as if it had never started."""
        self._release(identifier)
        self._make_ready(identifier)

    def _place_alone(self, idle: Sequence[int], started: list[tuple[str, int]]) -> str | None:
        """Start a task that needs a device to itself, or name the device that has to run empty for it."""
        if not self._alone:
            return None
        ready = State.READY
        waiting = [entry for entry in self._ready if entry[2] in self._alone and self.state[entry[2]] is ready]
        if not waiting:
            return None
        identifier = min(waiting)[2]
        load = dict.fromkeys((self._devices[slot] for slot in sorted(self._open)), 0)
        for slot in self._slot_of.values():
            load[self._devices[slot]] = load.get(self._devices[slot], 0) + 1
        device = min((name for name in load if name not in self._exclusive), key=load.__getitem__, default=None)
        if device is None or load[device]:
            return device
        slot = next(slot for slot in idle if self._devices[slot] == device)
        self._run(identifier, slot)
        self._exclusive[device] = identifier
        started.append((identifier, slot))
        return device

    def _run(self, identifier: str, slot: int) -> None:
        assert self.state[identifier] is State.READY and slot not in self._slot_of.values()
        self.state[identifier] = State.RUNNING
        self._slot_of[identifier] = slot
        self.attempts[identifier] += 1

    def _release(self, identifier: str) -> None:
        slot = self._slot_of.pop(identifier, None)
        if slot is not None and self._exclusive.get(self._devices[slot]) == identifier:
            del self._exclusive[self._devices[slot]]

    def _end(self, identifier: str, state: State) -> None:
        assert self.state[identifier] not in FINAL, f"{identifier} ended twice"
        self._release(identifier)
        self.state[identifier] = state
        self._left -= 1

    def _make_ready(self, identifier: str) -> None:
        self.state[identifier] = State.READY
        heapq.heappush(self._ready, (-self.chains[identifier], self._order[identifier], identifier))

    def _delay(self, identifier: str, until: float) -> None:
        self.state[identifier] = State.DELAYED
        heapq.heappush(self._delayed, (until, self._order[identifier], identifier))

    def _provide(self, need: str) -> None:
        for identifier in self._waiting_for.pop(need, ()):
            self._needs[identifier].discard(need)
            if not self._needs[identifier] and self.state[identifier] is State.WAITING:
                self._make_ready(identifier)

    def _skip_dependents(self, needs: Iterable[str], why: str) -> tuple[tuple[str, str], ...]:
        skipped = []
        pending = list(needs)
        while pending:
            need = pending.pop()
            if any(self._may_still_make(producer, need) for producer in self._producers.get(need, ())):
                continue
            for identifier in self._waiting_for.pop(need, ()):
                if self.state[identifier] is State.WAITING:
                    self._end(identifier, State.SKIPPED)
                    skipped.append((identifier, why))
                    pending.extend([identifier, *self.tasks[identifier].byproducts])
        return tuple(skipped)

    def _may_still_make(self, producer: str, need: str) -> bool:
        return self.state[producer] not in FINAL


def _needs_failed(task: PlannedTask) -> str:
    return f"needs {task.label}, which failed"
