"""How long what is left of a plan takes, all of it or a part, when some of it is at work already."""

from collections.abc import Mapping, Set
from graphlib import TopologicalSorter
from types import MappingProxyType
from typing import NamedTuple

from lmcspec.plan.outlook import Outlook
from lmcspec.plan.simulate import Slots, wall_time
from lmcspec.tasks import kind

NO_TIME: Mapping[str, float] = MappingProxyType({})


class TimeLeft(NamedTuple):
    """Seconds until some tasks are done, with the range of the middle 80 % of what such tasks took so far."""

    seconds: float
    low: float
    high: float
    guessed: int = 0
    """How many of the tasks have seconds by a first estimate only."""
    untimed: int = 0
    """How many nothing is known of, which the seconds leave out."""
    tasks: int = 0
    """How many tasks they are in all."""


class Left:
    """What is left of a plan on some slots; `spent` are the seconds that tasks at work have had."""

    def __init__(self, view: Outlook, slots: Slots, spent: Mapping[str, float] = NO_TIME) -> None:
        self._view, self._spent = view, spent
        self.slots = Slots(len(spent)) if len(spent) > slots.total else slots
        """Those of this machine; as many as there are tasks at work, where it is not the one that is at them."""
        self._order = list(TopologicalSorter(view.waits).static_order())
        tasks = view.plan.tasks
        self._indifferent = {task for task in self._order if not kind(tasks[task].kind).gains(tasks[task].params)}

    def of(self, part: Set[str] | None = None) -> TimeLeft:
        """What is left of these tasks, of all without `part`; nothing else is done on the slots meanwhile."""
        order = [task for task in self._order if part is None or task in part]
        costs = [self._view.costs[task] for task in order]
        seconds, low, high = (self._wall(order, which) for which in ("seconds", "low", "high"))
        untimed = sum(cost.seconds is None for cost in costs)
        return TimeLeft(seconds, low, high, sum(cost.guessed for cost in costs), untimed, len(order))

    def _wall(self, order: list[str], which: str) -> float:
        if not order:
            return 0.0
        inside = set(order)
        waits = {task: [source for source in self._view.waits[task] if source in inside] for task in order}
        start = 0.0 if self._spent else self._view.calibration.startup
        return start + wall_time(
            order, waits, {task: self._left(task, which) for task in order}, self.slots, self._indifferent
        )

    def _left(self, task: str, which: str) -> float:
        whole = float(getattr(self._view.costs[task], which) or 0.0) + self._view.calibration.overhead
        return max(0.0, whole - self._spent.get(task, 0.0))
