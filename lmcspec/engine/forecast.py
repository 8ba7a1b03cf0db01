"""How long a run will go on: predictions corrected by what the finished tasks have really taken."""

from collections.abc import Iterable, Iterator
from statistics import median

from lmcspec.engine.chains import chains
from lmcspec.engine.planned import PlannedTask


class Forecast:
    """Of the wall time that is left, for tasks on a number of slots.

    A task counts with its prediction times the ratio of observed to predicted seconds over what has finished of its
    kind: a short task's overhead says nothing about long ones. Without a prediction it counts with its images times the
    median seconds per image of what has finished of its kind and model, of its kind where that model is new, or of all
    where the kind is. A task without images counts as the median of others without, or nothing before one of them has
    finished. What is left is then at least the longest chain of tasks that need each other, and at least all of them
    dealt out evenly to the slots.
    """

    def __init__(self, tasks: Iterable[PlannedTask], slots: int) -> None:
        self._left = {task.id: task for task in tasks}
        self._slots = max(slots, 1)
        self._observed: dict[str, float] = {}
        self._predicted: dict[str, float] = {}
        self._finished: dict[tuple[str, str], list[tuple[float, int]]] = {}
        self._began: dict[str, float] = {}

    def started(self, task: PlannedTask, at: float) -> None:
        """The task runs since then."""
        self._began[task.id] = at

    def stopped(self, task: PlannedTask) -> None:
        """The task runs no more but is not over."""
        self._began.pop(task.id, None)

    def over(self, task: PlannedTask, seconds: float | None = None) -> None:
        """The task will not run any more; `seconds` is what it took if it ran to its end."""
        self._began.pop(task.id, None)
        self._left.pop(task.id, None)
        if seconds is None:
            return
        self._finished.setdefault((task.kind, task.model), []).append((seconds, task.forward))
        if task.seconds is not None:
            self._observed[task.kind] = self._observed.get(task.kind, 0.0) + seconds
            self._predicted[task.kind] = self._predicted.get(task.kind, 0.0) + task.seconds

    def seconds(self, task: PlannedTask) -> float | None:
        """Expected for one task, as far as anything is known."""
        if task.seconds is not None:
            predicted = self._predicted.get(task.kind)
            return task.seconds * (self._observed[task.kind] / predicted if predicted else 1.0)
        for alike in self._alike(task):
            if task.forward and (rates := [seconds / forward for seconds, forward in alike if forward]):
                return task.forward * median(rates)
            if not task.forward and (known := [seconds for seconds, forward in alike if not forward]):
                return median(known)
        return None if task.forward or not self._finished else 0.0

    def _alike(self, task: PlannedTask) -> Iterator[list[tuple[float, int]]]:
        """(seconds, images) of finished tasks, those first that are most like this one."""
        # Copies, since the caller may be a thread of its own.
        finished = {key: list(values) for key, values in list(self._finished.items())}
        yield finished.get((task.kind, task.model), [])
        yield [one for (kind, _), values in finished.items() for one in values if kind == task.kind]
        yield [one for values in finished.values() for one in values]

    def left(self, now: float) -> float | None:
        """Seconds until the end of the run; None as long as nothing is known of some kind of task."""
        # A copy, since the caller may be a thread of its own.
        tasks = dict(self._left)
        expected: dict[str, float] = {}
        by_group: dict[tuple[str, str, int, float | None], float | None] = {}
        for task in tasks.values():
            group = (task.kind, task.model, task.forward, task.seconds)
            if group not in by_group:
                by_group[group] = self.seconds(task)
            seconds = by_group[group]
            if seconds is None:
                return None
            if (began := self._began.get(task.id)) is not None:
                seconds = max(0.0, seconds - (now - began))
            expected[task.id] = seconds
        if not expected:
            return 0.0
        return max(sum(expected.values()) / self._slots, max(chains(tasks, expected).values()))
