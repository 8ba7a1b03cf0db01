"""Tasks that could start, by study and by what they take: the most urgent first, studies in turn. Pure."""

import heapq
from collections.abc import Callable
from typing import NamedTuple

from lmcspec.engine.placement import Demand

Urgency = tuple[float, int, str]
"""Minus the longest chain that hangs on a task, its place in the job, and its id."""

LOOK = 64
"""How many ready tasks are looked at for such as could run along with one."""


class Group(NamedTuple):
    """Tasks of one study that take the same: if there is no room for one, there is none for any."""

    study: str
    demand: Demand


class ReadyTasks:
    """A heap for each group. `is_ready` tells whether a task still is, for it may have ended otherwise.

    The next task is that of the study that has the fewest running, so that with S slots and n studies each has S / n of
    them for as long as it has that many ready; what one can't use goes to the others. Within a study, and between
    studies with as many running, the longest chain goes first.
    """

    def __init__(self, is_ready: Callable[[str], bool]) -> None:
        self._is_ready = is_ready
        self._heaps: dict[Group, list[Urgency]] = {}

    def __bool__(self) -> bool:
        return bool(self._heaps)

    def add(self, group: Group, urgency: Urgency) -> None:
        """One more task."""
        heapq.heappush(self._heaps.setdefault(group, []), urgency)

    def turns(self, running: Callable[[str], int]) -> "Turns":
        """The groups in the order in which they are to start tasks; `running` counts those of a study."""
        return Turns(self, self.groups(), running)

    def groups(self) -> list[Group]:
        """The groups with something ready."""
        for group in list(self._heaps):
            if self.first(group) is None:
                del self._heaps[group]
        return list(self._heaps)

    def like(self, group: Group, wanted: Callable[[str], bool]) -> list[str]:
        """The tasks of a group that are wanted, the most urgent first, which stay here; of the first LOOK of them."""
        near = [identifier for _, _, identifier in heapq.nsmallest(LOOK, self._heaps.get(group, []))]
        return [identifier for identifier in dict.fromkeys(near) if self._is_ready(identifier) and wanted(identifier)]

    def first(self, group: Group) -> Urgency | None:
        """The most urgent task of a group, which stays here."""
        heap = self._heaps[group]
        while heap and not self._is_ready(heap[0][2]):
            heapq.heappop(heap)
        return heap[0] if heap else None


class Turns:
    """The groups with something ready, each at its turn, which comes again once a task of it has started."""

    def __init__(self, ready: ReadyTasks, groups: list[Group], running: Callable[[str], int]) -> None:
        self._ready, self._running = ready, running
        self._heap: list[tuple[tuple[int, bool, Urgency], Group]] = []
        for group in groups:
            self.again(group)

    def again(self, group: Group) -> None:
        """The group takes another turn, if anything of it is ready."""
        if (first := self._ready.first(group)) is not None:
            key = (self._running(group.study), not group.demand.alone, first)
            heapq.heappush(self._heap, (key, group))

    def next(self) -> tuple[Group, str] | None:
        """The group whose turn it is and its task's id; it has no other turn unless it gets one `again`."""
        while self._heap:
            (running, _, first), group = heapq.heappop(self._heap)
            if running == self._running(group.study):
                return group, first[2]
            self.again(group)
        return None
