"""A job in virtual time: the very queue that hands out tasks, with predictions in place of workers."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from lmcspec.engine.chains import producers_of
from lmcspec.engine.devices import Device
from lmcspec.engine.planned import PlannedTask
from lmcspec.engine.schedule import FINAL, TaskQueue

ENOUGH = 1.05
"""More devices stop helping where the wall time is within this of what any number would take."""
LARGE = 20_000
"""Tasks above which a curve has five points only."""
MOST = 65_536
"""Devices that are tried at most."""


class Simulated(NamedTuple):
    """What became of a job in virtual time."""

    wall: float
    """Seconds until the last task ended, from the start of the workers."""
    busy: Mapping[str, float]
    """Of each device by name the share of its slots' time in which it had a task."""
    path: tuple[str, ...]
    """The longest chain of tasks that need each other, in order."""
    path_seconds: float


class Costs(NamedTuple):
    """What time things take. Seconds of a task stand in the tasks themselves."""

    startup: float = 0.0
    """Until workers are ready."""
    overhead: float = 0.0
    """Between a task's end and the next start in its slot."""
    passes: Mapping[str, float] = {}
    """At which share of its host's time a by-product is committed; at its end where nothing is said."""


NOTHING = Costs()


def simulate(
    tasks: Mapping[str, PlannedTask],
    devices: Sequence[Device],
    costs: Costs = NOTHING,
    max_parallel: int | None = None,
) -> Simulated:
    """Run the job on these slots, each task taking what is predicted, or as `TaskQueue` guesses what is not.

    ValueError where that can't end, as without any slot.
    """
    if not tasks:
        return Simulated(0.0, {device.name: 0.0 for device in devices}, (), 0.0)
    queue = TaskQueue(tasks, devices, max_parallel=max_parallel)
    for slot in range(len(devices)):
        queue.open(slot)
    seconds = queue.estimates
    now, turn = costs.startup, 0
    events: list[tuple[float, int, str, str]] = []
    spent = [0.0] * len(devices)
    while not queue.over:
        for task, slot in queue.assign():
            took = seconds[task] + costs.overhead
            spent[slot] += took
            for byproduct in tasks[task].byproducts:
                share = costs.passes.get(byproduct, 1.0)
                if share < 1:
                    turn += 1
                    heapq.heappush(events, (now + share * took, turn, task, byproduct))
            turn += 1
            heapq.heappush(events, (now + took, turn, task, ""))
        if not events:
            left = sum(state not in FINAL for state in queue.state.values())
            raise ValueError(f"{left:,} of {len(tasks):,} tasks find no slot")
        now = events[0][0]
        # All that happens at this moment, before anything starts: what follows may be more urgent than what waits.
        while events and events[0][0] == now:
            _, _, task, byproduct = heapq.heappop(events)
            if byproduct:
                queue.committed(byproduct)
            else:
                queue.done(task)
    path = critical_path(tasks, queue.chains)
    span = max(now - costs.startup, 1e-9)
    slots: dict[str, list[float]] = {}
    for device, time in zip(devices, spent, strict=True):
        slots.setdefault(device.name, []).append(time)
    busy = {name: sum(times) / (len(times) * span) for name, times in slots.items()}
    return Simulated(now, busy, path, queue.chains[path[0]] if path else 0.0)


def critical_path(tasks: Mapping[str, PlannedTask], chains: Mapping[str, float]) -> tuple[str, ...]:
    """The longest chain, from its first task on."""
    if not tasks:
        return ()
    producers = producers_of(tasks.values())
    followers: dict[str, list[str]] = {}
    for task in tasks.values():
        for need in task.needs:
            for producer in producers.get(need, ()):
                followers.setdefault(producer, []).append(task.id)
    path = [max(tasks, key=chains.__getitem__)]
    while after := followers.get(path[-1]):
        path.append(max(after, key=chains.__getitem__))
    return tuple(path)


class Curve(NamedTuple):
    """Wall time against the number of devices."""

    points: tuple[tuple[int, float], ...]
    enough: int | None
    """The least number whose wall time is within `ENOUGH` of the best; None where it was not looked for."""


def curve(wall: Callable[[int], float], asked: int, count: int) -> Curve:
    """`wall(n)` at powers of two and where more stop helping; for large jobs around the number `asked` for only."""
    known: dict[int, float] = {}

    def at(number: int) -> float:
        if number not in known:
            known[number] = wall(number)
        return known[number]

    if count > LARGE:
        for number in sorted(
            {max(1, asked // 4), max(1, asked // 2), asked, *(min(many * asked, MOST) for many in (2, 4))}
        ):
            at(number)
        return Curve(tuple(sorted(known.items())), None)
    number = 1
    at(number)
    while number < min(count, MOST):
        number *= 2
        if at(number) > at(number // 2) / 1.001:
            break
    at(asked)
    best = min(known.values())
    low, high = 1, min(number for number, value in known.items() if value <= ENOUGH * best)
    while low < high:
        middle = (low + high) // 2
        if at(middle) <= ENOUGH * best:
            high = middle
        else:
            low = middle + 1
    return Curve(tuple(sorted(known.items())), high)
