"""Which task runs where and when. Pure: no clock, no processes; time is a number that the caller passes in."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from lmcspec.engine.chains import chains, estimates, producers_of
from lmcspec.engine.devices import Device
from lmcspec.engine.placement import Placement
from lmcspec.engine.planned import PlannedTask
from lmcspec.engine.ready import Group, ReadyTasks


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
    hung: int = 1
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
    """The tasks of a job on slots. `devices[slot]` is the device that a slot is part of.

    A slot takes tasks only while it is open (its worker is ready). Ready tasks go by the longest chain of
    predicted seconds that hangs on them, studies by how many they have running; a task without a prediction counts as
    the median of the others. Where there is no room for the first of them, a device runs empty for it.
    """

    def __init__(
        self,
        tasks: Mapping[str, PlannedTask],
        devices: Sequence[Device],
        *,
        skip_collapsed: bool = False,
        retries: Retries = Retries(),
        max_parallel: int | None = None,
    ) -> None:
        self.tasks = tasks
        self.state = dict.fromkeys(tasks, State.WAITING)
        self.attempts = dict.fromkeys(tasks, 0)
        self.stopped = False
        """Once set, nothing more is assigned."""
        self._placement = Placement(devices)
        self._most = len(devices) if max_parallel is None else max_parallel
        self._retries = retries
        self._skip_collapsed = skip_collapsed
        self._slot_of: dict[str, int] = {}
        self._beside: dict[str, int] = {}
        """Slots of tasks that run along with another one."""
        self._parted: set[str] = set()
        """Tasks that run along with none any more."""
        self._running_of: dict[str, int] = {}
        """By study."""
        self._failures: dict[tuple[str, str], int] = {}
        self._alone: set[str] = set()
        self._delayed: list[tuple[float, int, str]] = []
        self._ready = ReadyTasks(lambda identifier: self.state[identifier] is State.READY)
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
        return not self._left or (self.stopped and not self._slot_of and not self._beside)

    @property
    def stuck(self) -> bool:
        """Whether nothing runs or is waited for but tasks all of whose slots are closed for good."""
        if not self._placement.retired or self._slot_of or self._delayed or self.stopped:
            return False
        groups = self._ready.groups()
        return bool(groups) and not any(self._placement.lasts(group.demand) for group in groups)

    @property
    def running(self) -> dict[str, int]:
        """The slot of each task that runs."""
        return self._slot_of | self._beside

    def open(self, slot: int) -> None:
        """The slot can take a task from now on."""
        self._placement.open(slot)

    def close(self, slot: int) -> None:
        """The slot can't take a task until it is opened again."""
        self._placement.close(slot)

    def retire(self, slot: int) -> None:
        """The slot, which is closed, is never opened again."""
        self._placement.retire(slot)

    def move(self, slot: int, device: Device) -> None:
        """The slot, which is closed, is part of another device from now on."""
        self._placement.move(slot, device)

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
        started: list[tuple[str, int]] = []
        if self.stopped or not self._ready or not self._placement.any_idle:
            return started
        claimed: dict[str, frozenset[int]] = {}
        turns = self._ready.turns(self._running)
        while len(self._slot_of) < self._most and (turn := turns.next()):
            group, identifier = turn
            pool = self._placement.pool(group.demand)
            if not self._placement.idle(pool):
                continue
            slot = self._placement.take(group.demand, claimed.get(pool, ()))
            if slot is None:
                if pool not in claimed:
                    claimed[pool] = self._placement.claim(group.demand)
                continue
            self._run(identifier, slot)
            started.append((identifier, slot))
            turns.again(group)
        return started

    def join(self, started: Iterable[str], most: int) -> dict[str, tuple[list[str], int | None]]:
        """What may run along with tasks that have just started, with each at most so many; those run at once.

        Shared out so that every slot of the kind gets as many of those that are ready. Beside the tasks the bytes of
        a GPU's memory that all of them may fill together, where that is known.
        """
        alike: dict[tuple[str, Group], list[str]] = {}
        for identifier in started:
            if like := self._alike(identifier):
                alike.setdefault((like, self._group(identifier)), []).append(identifier)
        return {
            identifier: along
            for (like, group), several in alike.items()
            for identifier, along in self._shared_out(like, group, several, most).items()
        }

    def part(self, identifier: str) -> None:
        """Have the task run along with none any more."""
        self._parted.add(identifier)

    def _alike(self, identifier: str) -> str:
        return "" if identifier in self._parted else self.tasks[identifier].alike

    def _shared_out(
        self, like: str, group: Group, started: list[str], most: int
    ) -> dict[str, tuple[list[str], int | None]]:
        near = self._ready.like(group, lambda other: self._alike(other) == like)
        slots = min(self._most, self._placement.lasting(self._placement.pool(group.demand)))
        share = -(-(len(started) + len(near)) // max(slots, len(started))) - 1
        along: dict[str, tuple[list[str], int | None]] = {}
        for identifier in started:
            if count := min(most, share, len(near)):
                count, room = self._placement.widen(self._slot_of[identifier], group.demand, count)
                along[identifier], near = (near[:count], room), near[count:]
                for other in along[identifier][0]:
                    self._run_along(other, self._slot_of[identifier])
        return along

    def _run_along(self, identifier: str, slot: int) -> None:
        self.state[identifier] = State.RUNNING
        self._beside[identifier] = slot
        self.attempts[identifier] += 1

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
        passing = {"lost": self._retries.lost, "hung": self._retries.hung}
        if count < passing.get(reason, 0):
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

    def _running(self, study: str) -> int:
        return self._running_of.get(study, 0)

    def _run(self, identifier: str, slot: int) -> None:
        study = self.tasks[identifier].study
        self.state[identifier] = State.RUNNING
        self._slot_of[identifier] = slot
        self._running_of[study] = self._running(study) + 1
        self.attempts[identifier] += 1

    def _release(self, identifier: str) -> None:
        self._beside.pop(identifier, None)
        slot = self._slot_of.pop(identifier, None)
        if slot is not None:
            self._running_of[self.tasks[identifier].study] -= 1
            self._placement.free(slot)

    def _end(self, identifier: str, state: State) -> None:
        assert self.state[identifier] not in FINAL, f"{identifier} ended twice"
        self._release(identifier)
        self.state[identifier] = state
        self._left -= 1

    def _make_ready(self, identifier: str) -> None:
        self.state[identifier] = State.READY
        self._ready.add(self._group(identifier), (-self.chains[identifier], self._order[identifier], identifier))

    def _group(self, identifier: str) -> Group:
        task = self.tasks[identifier]
        return Group(task.study, task.demand._replace(alone=identifier in self._alone))

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
