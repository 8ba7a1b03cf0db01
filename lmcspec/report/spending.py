"""What networks cost: training images seen by the plan, seconds by the records of the store."""

from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass

from lmcspec.plan import Plan
from lmcspec.plan.cost import work
from lmcspec.plan.graph import beneath
from lmcspec.report.tidy import Results
from lmcspec.tasks import kind


@dataclass(frozen=True, slots=True)
class Spent:
    """What tasks cost: how many, training images seen, seconds of those that are stored, and how many are missing.

    `skipped` ones are not among the missing: they need a result that collapsed, and never come.
    """

    tasks: int = 0
    images: int = 0
    seconds: float = 0.0
    missing: int = 0
    skipped: int = 0


def after_collapse(plan: Plan, store: Results) -> Set[str]:
    """Tasks without a result that rest on one that collapsed: where the study skips these, and where nothing came."""
    after: set[str] = set()
    for identifier, task in plan.tasks.items():
        if store.find(identifier) is None and any(
            source in after or _ends(source, plan, store) for _, source in task.inputs
        ):
            after.add(identifier)
    return after


def _ends(source: str, plan: Plan, store: Results) -> bool:
    """Whether what needs this result is not run: a plan compares alike."""
    stored = store.find(source)
    if stored is None or stored.outcome == "ok":
        return False
    return plan.on_collapse == "skip" or (
        kind(plan.tasks[source].kind).nothing_if_diverged and stored.outcome == "diverged"
    )


def spent(plan: Plan, store: Results, tasks: Iterable[str], collapsed: Set[str]) -> Spent:
    """What these tasks cost. What a longer one among them does in passing costs nothing more.

    `collapsed` are the tasks `after_collapse`.
    """
    distinct = set(tasks)
    counted = [task for task in distinct if plan.byproducts.get(task) not in distinct]
    results = [(work(plan.tasks[task], plan), store.find(task)) for task in sorted(counted)]
    return Spent(
        len(results),
        sum(each.images for each, _ in results),
        sum(float(stored.record.get("seconds", 0.0)) for _, stored in results if stored),
        sum(store.find(task) is None for task in counted if task not in collapsed),
        sum(task in collapsed for task in counted),
    )


@dataclass(frozen=True, slots=True)
class NetworkCost:
    """What a network costs by itself, and what of that no other network of the study needs."""

    network: str
    whole: Spent
    alone: Spent


def network_costs(plan: Plan, case: str, store: Results) -> list[NetworkCost]:
    """For each network of a case, all that its numbers rest on."""
    needs = {series.network: _beneath(plan, case, series.network) for series in plan.series if series.case == case}
    collapsed = after_collapse(plan, store)
    shared = Counter(task for tasks in needs.values() for task in tasks)
    return [
        NetworkCost(
            network,
            spent(plan, store, tasks, collapsed),
            spent(plan, store, (task for task in tasks if shared[task] == 1), collapsed),
        )
        for network, tasks in needs.items()
        if tasks
    ]


def _beneath(plan: Plan, case: str, network: str) -> set[str]:
    """All tasks on which the numbers of a network rest."""
    targets = [target for target in plan.targets if (target.case, target.network) == (case, network)]
    return beneath(plan.tasks, [task for target in targets for task in (target.task, target.mask) if task])


def by_kind(plan: Plan, store: Results) -> dict[str, Spent]:
    """What the whole study costs, by kind of task."""
    kinds: dict[str, list[str]] = {}
    for task in plan.tasks.values():
        kinds.setdefault(task.kind, []).append(task.id)
    collapsed = after_collapse(plan, store)
    return {name: spent(plan, store, tasks, collapsed) for name, tasks in kinds.items()}
