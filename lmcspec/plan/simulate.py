"""How long a plan takes on so many slots, and how much room: list scheduling by critical path, in virtual time."""

from collections.abc import Collection, Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple


class Slots(NamedTuple):
    """How many tasks run at a time."""

    cpu: int
    gpu: int = 0
    most: int | None = None
    """On both together, where that is less."""

    @property
    def total(self) -> int:
        """On all of them."""
        count = self.cpu + self.gpu
        return count if self.most is None else min(count, self.most)

    def __str__(self) -> str:
        count = self.total
        plural = "slot" if count == 1 else "slots"
        if not self.gpu or not self.cpu:
            return f"{count} {plural}"
        together = "" if count == self.gpu + self.cpu else f", {count} at a time"
        return f"{self.gpu} GPU and {self.cpu} CPU slots{together}"


def critical_paths(
    order: Sequence[str], needs: Mapping[str, Sequence[str]], seconds: Mapping[str, float]
) -> dict[str, float]:
    """The seconds of each task plus the longest chain of tasks that wait for it.

    `order` lists every task after the tasks it needs.
    """
    longest = {task: seconds[task] for task in order}
    for task in reversed(order):
        for source in needs[task]:
            longest[source] = max(longest[source], seconds[source] + longest[task])
    return longest


def wall_time(
    order: Sequence[str],
    needs: Mapping[str, Sequence[str]],
    seconds: Mapping[str, float],
    slots: Slots,
    indifferent: Collection[str] = (),
) -> float:
    """Seconds until all are done on these slots, the longest critical path first.

    Tasks run on GPUs where there are, and those that are `indifferent` to them on CPUs where there are.
    """
    if slots.total < 1:
        raise ValueError("a plan needs at least one slot")
    priority = critical_paths(order, needs, seconds)
    waiting = {task: len(needs[task]) for task in order}
    followers: dict[str, list[str]] = {task: [] for task in order}
    for task in order:
        for source in needs[task]:
            followers[source].append(task)
    free = [slots.cpu, slots.gpu]
    on_gpu = {task: bool(slots.gpu and (task not in indifferent or not slots.cpu)) for task in order}
    ready: tuple[list[tuple[float, int, str]], ...] = ([], [])
    position = {task: index for index, task in enumerate(order)}
    running: list[tuple[float, int, str]] = []

    def enter(task: str) -> None:
        heappush(ready[on_gpu[task]], (-priority[task], position[task], task))

    for task in order:
        if not waiting[task]:
            enter(task)
    now = 0.0
    while any(ready) or running:
        while len(running) < slots.total:
            heads = [(queue[0], kind) for kind, queue in enumerate(ready) if queue and free[kind]]
            if not heads:
                break
            _, kind = min(heads)
            _, index, task = heappop(ready[kind])
            free[kind] -= 1
            heappush(running, (now + seconds[task], index, task))
        now = running[0][0]
        # All that ends at this moment, before anything starts: its followers may be more urgent than what waits.
        while running and running[0][0] == now:
            ended = heappop(running)[2]
            free[on_gpu[ended]] += 1
            for follower in followers[ended]:
                waiting[follower] -= 1
                if not waiting[follower]:
                    enter(follower)
    return now


def peak_bytes(
    order: Sequence[str], reads: Mapping[str, Sequence[str]], size: Mapping[str, int], passing: Collection[str]
) -> int:
    """The most bytes that lie in the store at once when tasks run one after the other in `order`.

    `reads` are the tasks whose files each one needs. What is in `passing` goes when its last reader is done.
    """
    readers = dict.fromkeys(order, 0)
    for task in order:
        for source in reads[task]:
            if source in readers:
                readers[source] += 1
    held = peak = 0
    for task in order:
        held += size[task]
        peak = max(peak, held)
        for source in reads[task]:
            if source in readers:
                readers[source] -= 1
                if not readers[source] and source in passing:
                    held -= size[source]
    return peak
