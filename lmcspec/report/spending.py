"""What networks cost: training images seen by the plan, seconds by the records of the store."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from lmcspec.plan import Plan
from lmcspec.plan.cost import cost
from lmcspec.plan.graph import beneath


class Recorded(Protocol):
    """A committed result with how it came about."""

    @property
    def record(self) -> Mapping[str, Any]: ...


class Records(Protocol):
    """Where records are found."""

    def find(self, identifier: str) -> Recorded | None:
        """The committed result of a task, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Spent:
    """Of some tasks: how many, training images seen, seconds of those that are stored, and how many are not."""

    tasks: int = 0
    images: int = 0
    seconds: float = 0.0
    missing: int = 0


def spent(plan: Plan, store: Records, tasks: Iterable[str]) -> Spent:
    """What these tasks cost. What a longer one among them does in passing costs nothing more."""
    own = set(tasks)
    counted = [task for task in own if plan.byproducts.get(task) not in own]
    found = [(cost(plan.tasks[task], plan, None, {}), store.find(task)) for task in sorted(counted)]
    return Spent(
        len(found),
        sum(each.images for each, _ in found),
        sum(float(stored.record.get("seconds", 0.0)) for _, stored in found if stored),
        sum(stored is None for _, stored in found),
    )


@dataclass(frozen=True, slots=True)
class NetworkCost:
    """What a network costs by itself, and what of that no other network of the study needs."""

    network: str
    whole: Spent
    own: Spent


def network_costs(plan: Plan, case: str, store: Records) -> list[NetworkCost]:
    """For each network of a case, all that its numbers rest on."""
    needs = {series.network: _beneath(plan, case, series.network) for series in plan.series if series.case == case}
    shared = Counter(task for tasks in needs.values() for task in tasks)
    return [
        NetworkCost(
            network,
            spent(plan, store, tasks),
            spent(plan, store, (task for task in tasks if shared[task] == 1)),
        )
        for network, tasks in needs.items()
        if tasks
    ]


def _beneath(plan: Plan, case: str, network: str) -> set[str]:
    """All tasks on which the numbers of a network rest."""
    targets = [one for one in plan.targets if (one.case, one.network) == (case, network)]
    return beneath(plan.tasks, [task for target in targets for task in (target.task, target.mask) if task])


def by_kind(plan: Plan, store: Records) -> dict[str, Spent]:
    """What the whole study costs, by kind of task."""
    kinds: dict[str, list[str]] = {}
    for task in plan.tasks.values():
        kinds.setdefault(task.kind, []).append(task.id)
    return {kind: spent(plan, store, tasks) for kind, tasks in kinds.items()}
