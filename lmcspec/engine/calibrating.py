"""What a run took besides its tasks, for the prediction of the next."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from lmcspec.engine import events
from lmcspec.engine.devices import Device
from lmcspec.engine.planned import PlannedTask
from lmcspec.engine.simulation import LARGE, Costs, simulate
from lmcspec.plan.calibration import Calibration

FEWEST = 5
"""Tasks below which a run says nothing about the next."""

_HELD_UP = (
    events.Failed,
    events.Skipped,
    events.Retried,
    events.Waiting,
    events.WentBack,
    events.Interrupted,
    events.WorkerReplaced,
    events.Stopping,
)


class Spent(NamedTuple):
    """Seconds of a task: as its worker says, and in the hands of that as the driver sees it."""

    worked: float
    handed: float
    device: Device


class Clock:
    """Listens to a run, and tells what its tasks took from what came besides. `devices[slot]` is a slot's device."""

    def __init__(self, devices: Sequence[Device]) -> None:
        self._devices = devices
        self._started: dict[str, tuple[float, int]] = {}
        self._at: dict[int, str] = {}
        """The last task of each slot."""
        self._spent: dict[str, Spent] = {}
        self._held_up = False

    def on_event(self, event: events.Event) -> None:
        """Take an event in."""
        match event:
            case events.Started(at=at, task=task, slot=slot):
                # Where a slot has several at a time, what it took says nothing of one.
                last = self._at.get(slot)
                self._held_up |= last is not None and last not in self._spent
                self._started[task.id], self._at[slot] = (at, slot), task.id
            case events.Finished(at=at, task=task, seconds=seconds, reused=False) if task.id in self._started:
                began, slot = self._started[task.id]
                self._spent[task.id] = Spent(seconds, at - began, self._devices[slot])
            case events.Finished():
                self._held_up = True
            case _:
                self._held_up |= isinstance(event, _HELD_UP)

    def calibration(
        self,
        tasks: Mapping[str, PlannedTask],
        units: Mapping[str, float],
        wall: float,
        passes: Mapping[str, float],
        max_parallel: int | None,
    ) -> Calibration | None:
        """What a run of these tasks that took `wall` seconds says; None where it was held up, or says too little.

        `units` is the work of each task, and `passes` at which share of its host's time a by-product is committed.
        Start-up is what is left of the wall time when the same queue gets through the same tasks in virtual time.
        """
        spent = self._spent
        # Of many tasks start-up is no share that matters, and virtual time takes its own.
        if self._held_up or not FEWEST <= len(spent) <= LARGE or spent.keys() != tasks.keys():
            return None
        overhead = max(0.0, median(task.handed - task.worked for task in spent.values()))
        alike = {task: (tasks[task].kind, tasks[task].model, spent[task].device.model) for task in spent}
        seconds = usual({task: spent[task].worked for task in spent}, units, alike)
        timed = {name: replace(task, seconds=seconds[name]) for name, task in tasks.items()}
        busy = simulate(timed, self._devices, Costs(0.0, overhead, passes), max_parallel).wall
        return Calibration(max(0.0, wall - busy), overhead)


def usual(seconds: Mapping[str, float], units: Mapping[str, float], alike: Mapping[str, Hashable]) -> dict[str, float]:
    """What each task would take at the median rate of those that are alike, so that first imports are none of it."""
    rates: dict[Hashable, list[float]] = {}
    for task, took in seconds.items():
        rates.setdefault(alike[task], []).append(took / units[task])
    middle = {group: median(several) for group, several in rates.items()}
    return {task: middle[alike[task]] * units[task] for task in seconds}
