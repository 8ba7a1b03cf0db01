"""The networks of a case laid out: how many levels each has, how dense they are, and what is wrong with a stage."""

from lmcspec.base.errors import Problem
from lmcspec.base.facts import ModelFacts
from lmcspec.plan.levels import LevelError, StagePlan, lay_out
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.spec import Case
from lmcspec.spec.study import Like, Stage


def lay_out_networks(
    case: Case, model: ModelFacts | None, problems: list[Problem], notes: list[str]
) -> dict[str, NetworkPlan]:
    """Every network of the case that can be, in the order in which they are written; adds to problems and notes."""
    laid: dict[str, NetworkPlan] = {}
    written = case.study.networks
    for name, network in sorted(written.items(), key=lambda item: isinstance(item[1], Like)):
        renamed = {recipe: case.recipe(name, recipe) for recipe in _written_recipes(case)}
        if isinstance(network, Like):
            original = laid.get(network.like)
            if original is not None:
                laid[name] = NetworkPlan(name, original.stages, original.levels, network, original, renamed)
            continue
        shares = tuple(
            _excluded_share(case, model, stage, ("networks", name, index, "exclude"), problems)
            for index, stage in enumerate(network)
        )
        try:
            stages, levels = lay_out(network, shares)
        except LevelError as error:
            path = ("networks", name, *_stage_of(error, network, shares))
            problems.append(case.origins.problem(error.code, str(error), path, help=error.help))
            continue
        laid[name] = NetworkPlan(name, stages, levels, renamed=renamed)
        notes += [note for stage in stages if (note := _sparsity_note(name, stage))]
    return {name: laid[name] for name in written if name in laid}


def _written_recipes(case: Case) -> set[str]:
    """Recipe names as networks and measures use them: of a family, its own name, not its members'."""
    members = {name for family in case.families.values() for one in family.members for name in one.recipes}
    return {*case.study.recipes, *members}


def _stage_of(error: LevelError, network: tuple[Stage, ...], shares: tuple[float, ...]) -> tuple[int | str, ...]:
    """(index, key) of the first stage with which the network can't be laid out."""
    for count in range(1, len(network) + 1):
        try:
            lay_out(network[:count], shares[:count])
        except LevelError:
            return (count - 1, error.key)
    return ()


def _excluded_share(case: Case, model: ModelFacts | None, stage: Stage, path: tuple, problems: list[Problem]) -> float:
    """The share of the model's prunable weights that a stage excludes; `path` is where it says which."""
    if not stage.exclude:
        return 0.0
    if model is None:
        if stage.sparsity is not None:
            message = (
                "how many rounds a sparsity takes depends on the share of the excluded weights, "
                "and this model's shapes are not known yet"
            )
            problems.append(case.origins.problem("E407", message, path, help="lmcspec plan --facts SPEC"))
        return 0.0
    sizes = dict(model.sizes)
    unknown = [layer for layer in stage.exclude if f"{layer}.weight" not in sizes]
    for layer in unknown:
        names = ", ".join(name.removesuffix(".weight") for name in sizes)
        message = f"the model has no layer {layer!r} with prunable weights; it has {names}"
        problems.append(case.origins.problem("E409", message, (*path, stage.exclude.index(layer))))
    total = sum(sizes.values())
    return sum(sizes[f"{layer}.weight"] for layer in set(stage.exclude) - set(unknown)) / total


def _sparsity_note(network: str, stage: StagePlan) -> str:
    wanted = stage.stage.sparsity
    if wanted is None or abs(1 - stage.density - wanted) <= 0.02:
        return ""
    return (
        f"{network}: stage {stage.index + 1} asks for {wanted:.1%} sparsity, "
        f"and reaches {1 - stage.density:.1%} "
        f"in {stage.rounds} rounds of {stage.fraction:.0%}; say `exact = true` to get it exactly"
    )
