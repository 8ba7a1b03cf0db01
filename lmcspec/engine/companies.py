"""Tasks that were handed over along with others, to run as one program: which they are, and which never gain by it."""

from collections.abc import Sequence

from lmcspec.engine.planned import Job, PlannedTask
from lmcspec.engine.runner import Joining, Runner
from lmcspec.engine.schedule import TaskQueue

MOST_ALONG = 7
"""Tasks that are handed over along with one, at most."""


class Companies:
    """By slot the tasks that run along with the slot's own, until they have ended or gone back."""

    def __init__(self, job: Job, runner: Runner) -> None:
        self._job = job
        self._joins = isinstance(runner, Joining) and runner.joins
        self._beside: dict[int, dict[str, PlannedTask]] = {}
        self._apart: set[str] = set()
        """Of tasks like which it is known that one program of several is no quicker."""

    def join(self, queue: TaskQueue, assigned: Sequence[tuple[str, int]]) -> dict[str, tuple[list[str], int | None]]:
        """What goes along with tasks that start in slots now, and the bytes of a GPU's memory that each company has."""
        may = [task for task, _ in assigned if self._joins and self._job.tasks[task].alike not in self._apart]
        joined = queue.join(may, MOST_ALONG)
        for task, slot in assigned:
            self._beside[slot] = {other: self._job.tasks[other] for other in joined.get(task, ([], None))[0]}
        return joined

    def ended(self, slot: int, task: str) -> PlannedTask | None:
        """A task that the slot has ended or sent back, if it was there."""
        return self._beside.get(slot, {}).pop(task, None)

    def left(self, slot: int) -> tuple[PlannedTask, ...]:
        """What was still along with the slot's task, which runs no more."""
        return tuple(self._beside.pop(slot, {}).values())

    def keep_apart(self, task: PlannedTask) -> None:
        """Hand over no more of such tasks along with others."""
        self._apart.add(task.alike)
