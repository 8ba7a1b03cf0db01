"""How long a run will go on: predictions corrected by what the finished tasks have really taken."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from lmcspec.engine.chains import chains
from lmcspec.engine.devices import Device
from lmcspec.engine.placement import Pool, pools
from lmcspec.engine.planned import PlannedTask

LATE = 0.1
"""The part of what it has run that a task is given when it takes longer than was expected."""


@dataclass(frozen=True, slots=True)
class Left:
    """The wall time that is left."""

    seconds: float | None
    """Without the unknown tasks; None where all are."""
    unknown: Counter[str]
    """How many tasks of each kind nothing is known of."""


class Forecast:
    """Predicts the wall time that is left, for tasks on the slots of devices.

    A task counts with its prediction times the ratio of observed to predicted seconds over what has finished of its
    kind: a short task's overhead says nothing about long ones. Without a prediction it counts with its images times the
    median seconds per image of what has finished of its kind and model, or of its kind where that model is new; without
    images, as the median of others without. Other kinds say nothing about it: an image of a Hessian is not one of a
    training. What runs has at least a tenth of the time that it ran still before it, or as much as was expected where
    that is less. A task of which nothing is known is `unknown` until the first of its kind has finished, and left out.
    What is left is then at least the longest chain of tasks that need each other, and at least those that run on GPUs,
    or on CPUs, dealt out evenly to the slots there, and all of them to as many as may run at a time.
    """

    def __init__(
        self, tasks: Iterable[PlannedTask], devices: Sequence[Device], max_parallel: int | None = None
    ) -> None:
        self._left = {task.id: task for task in tasks}
        self._pools = pools(devices)
        self._slots = Counter(device.kind for device in devices)
        self._most = min(len(devices), max_parallel or len(devices))
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
        return None

    def _alike(self, task: PlannedTask) -> Iterator[list[tuple[float, int]]]:
        """(seconds, images) of finished tasks, those first that are most like this one."""
        # Copies, since the caller may be a thread of its own.
        finished = {key: list(values) for key, values in list(self._finished.items())}
        yield finished.get((task.kind, task.model), [])
        yield [timed for (kind, _), values in finished.items() for timed in values if kind == task.kind]

    def left(self, now: float) -> Left:
        """What is left until the end of the run."""
        # A copy, since the caller may be a thread of its own.
        tasks = dict(self._left)
        expected: dict[str, float] = {}
        unknown: Counter[str] = Counter()
        by_group: dict[tuple[str, str, int, float | None], float | None] = {}
        for task in tasks.values():
            group = (task.kind, task.model, task.forward, task.seconds)
            if group not in by_group:
                by_group[group] = self.seconds(task)
            seconds = by_group[group]
            unknown[task.kind] += seconds is None
            if (began := self._began.get(task.id)) is not None and seconds is not None:
                ran = now - began
                seconds = max(seconds - ran, min(seconds, LATE * ran))
            expected[task.id] = seconds or 0.0
        unknown = +unknown
        if unknown.total() == len(tasks):
            return Left(None if tasks else 0.0, unknown)
        return Left(max(self._dealt_out(tasks, expected), max(chains(tasks, expected).values())), unknown)

    def _dealt_out(self, tasks: Mapping[str, PlannedTask], expected: Mapping[str, float]) -> float:
        work: dict[Pool, float] = {"cpu": 0.0, "gpu": 0.0}
        for identifier, seconds in expected.items():
            work[self._pools[tasks[identifier].demand.gains]] += seconds
        pooled = (seconds / max(1, self._slots[pool]) for pool, seconds in work.items())
        return max(sum(work.values()) / max(1, self._most), *pooled)
