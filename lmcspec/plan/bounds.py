"""How many tasks a case has at least, by arithmetic: what is far too large is refused before anything is made of it."""

from collections.abc import Iterator, Mapping
from math import comb
from typing import Any

from lmcspec.base.steps import Step
from lmcspec.plan.checks import Recipes, measured_on
from lmcspec.plan.measures.request import NoSuchLevel, levels_of
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.spec import Case


def least_tasks(case: Case, networks: Mapping[str, NetworkPlan], recipes: Recipes) -> int:
    """The most that one measure of one network asks for: equal work of two is one task, so these don't add up.

    Each replicate trains the copies of each level that is looked at, and prunes its way there; copies that part are
    compared in pairs, at each of their ends.
    """
    asked = _asked(case, networks, recipes)
    return case.study.replicates * max(
        (work + _prunings(network, levels) for network, levels, work in asked), default=0
    )


def numbers(case: Case, networks: Mapping[str, NetworkPlan], recipes: Recipes) -> int:
    """About how many numbers all measures ask for together: each has a place in the plan, whoever else asks for it."""
    return case.study.replicates * sum(work for _, _, work in _asked(case, networks, recipes))


def _asked(
    case: Case, networks: Mapping[str, NetworkPlan], recipes: Recipes
) -> Iterator[tuple[NetworkPlan, tuple[int, ...], int]]:
    """(network, its levels, trainings and paths at these) of each measure of copies."""
    for measure in case.study.measures.values():
        wanted, asked = getattr(measure, "networks", "all"), getattr(measure, "levels", None)
        if asked is None or not hasattr(measure, "copies"):
            continue
        for network in (
            networks.values() if wanted == "all" else [networks[name] for name in wanted if name in networks]
        ):
            try:
                levels = levels_of(asked, network)
            except NoSuchLevel:
                continue
            if levels:
                yield network, levels, len(levels) * _per_level(case, measure, network, recipes)


def _per_level(case: Case, measure: Any, network: NetworkPlan, recipes: Recipes) -> int:
    """Trainings of copies, and paths between them, at one level; none where it may be that they part before it."""
    at = getattr(measure, "at", None)
    if at is None:
        return measure.copies * _ends(case, measure, network, recipes)
    compared = hasattr(measure, "through") and not hasattr(measure, "anchors")
    pairs = comb(measure.copies, 2) if compared else 0
    return (measure.copies + pairs) * max(_ends(case, measure, network, recipes, k) for k in at) if at else 0


def _ends(case: Case, measure: Any, network: NetworkPlan, recipes: Recipes, k: Step | str = "rewind") -> int:
    """At how many points of their training copies that part at k are looked at, at least; 0 where k may not exist."""
    stages = [stage.stage for stage in (network.original or network).stages]
    evaluate = getattr(measure, "evaluate", None)
    named = {evaluate} if evaluate else {"real", *(stage.retrain or "real" for stage in stages)}
    begins = [Step(), *(step for stage in stages for step in (stage.rewind, stage.schedule_from) if step is not None)]
    through, lengths = getattr(measure, "through", None), []
    for name in named:
        recipe = recipes[network.recipe(name), measured_on(case, measure)]
        begin = max(recipe.updates(step) for step in begins)
        if isinstance(k, Step):
            if recipe.updates(k) < begin:
                return 0
            begin = recipe.updates(k)
        every = recipe.updates(through) if isinstance(through, Step) else recipe.recipe.length
        lengths.append((recipe.recipe.length - begin) // max(1, every))
    return max(1, min(lengths))


def _prunings(network: NetworkPlan, levels: tuple[int, ...]) -> int:
    """Masks on the way to these levels: all of them, where each is pruned from the one before."""
    stages = (network.original or network).stages
    if all(stage.stage.iterative for stage in stages):
        return levels[-1]
    return 0
