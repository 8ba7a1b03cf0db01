"""Which tasks two plans share, and which only one of them has."""

from collections.abc import Mapping
from dataclasses import dataclass

from lmcspec.plan.graph import Plan


@dataclass(frozen=True, slots=True)
class SharedTasks:
    """Counts of tasks, by-products left out, by kind: (only in A, only in B, in both)."""

    kinds: Mapping[str, tuple[int, int, int]]

    @property
    def total(self) -> tuple[int, int, int]:
        """The counts of all kinds together."""
        columns = list(zip(*self.kinds.values(), strict=True)) or [(), (), ()]
        only_a, only_b, shared = map(sum, columns)
        return only_a, only_b, shared

    def document(self) -> dict[str, dict[str, int]]:
        """The counts as plain data, with all kinds together under `total`."""
        names = ("only_a", "only_b", "shared")
        rows = {"total": self.total, **self.kinds}
        return {kind: dict(zip(names, counts, strict=True)) for kind, counts in rows.items()}


def shared_tasks(a: Plan, b: Plan) -> SharedTasks:
    """Compare by id: equal work is one task, whatever the study calls it.

    What one plan trains only in passing and the other for its own sake counts as shared: it is the same result.
    """
    kinds = {task.id: task.kind for plan in (a, b) for task in plan.tasks.values()}
    counted = {task.id for plan in (a, b) for task in plan.counted}
    by_kind: dict[str, list[int]] = {}
    for task in (kind for kind in kinds if kind in counted):
        place = 2 if task in a.tasks and task in b.tasks else int(task not in a.tasks)
        by_kind.setdefault(kinds[task], [0, 0, 0])[place] += 1
    return SharedTasks({kind: (counts[0], counts[1], counts[2]) for kind, counts in by_kind.items()})
