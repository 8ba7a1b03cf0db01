"""How long a plan takes on so many slots, and how much room: list scheduling by critical path, in virtual time."""

from collections.abc import Collection, Mapping, Sequence
from heapq import heappop, heappush


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
    order: Sequence[str], needs: Mapping[str, Sequence[str]], seconds: Mapping[str, float], slots: int
) -> float:
    """Seconds until all are done when `slots` tasks run at a time, the longest critical path first."""
    if slots < 1:
        raise ValueError("a plan needs at least one slot")
    priority = critical_paths(order, needs, seconds)
    waiting = {task: len(needs[task]) for task in order}
    followers: dict[str, list[str]] = {task: [] for task in order}
    for task in order:
        for source in needs[task]:
            followers[source].append(task)
    ready: list[tuple[float, int, str]] = []
    for position, task in enumerate(order):
        if not waiting[task]:
            heappush(ready, (-priority[task], position, task))
    position = {task: index for index, task in enumerate(order)}
    running: list[tuple[float, int, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < slots:
            _, index, task = heappop(ready)
            heappush(running, (now + seconds[task], index, task))
        now = running[0][0]
        # All that ends at this moment, before anything starts: its followers may be more urgent than what waits.
        while running and running[0][0] == now:
            for follower in followers[heappop(running)[2]]:
                waiting[follower] -= 1
                if not waiting[follower]:
                    heappush(ready, (-priority[follower], position[follower], follower))
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
