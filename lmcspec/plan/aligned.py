"""What is aligned: of a network of one partner its state at a step, pruned, or with some layers from an earlier one."""

from typing import NamedTuple

from lmcspec.base.steps import Step
from lmcspec.catalog import CriterionCard, get, identity
from lmcspec.catalog.code import code_of
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.subnetworks import Subnetworks
from lmcspec.plan.trainings import Unsuited
from lmcspec.spec.paths import Path
from lmcspec.spec.study import Alignment, PrunedFirst
from lmcspec.tasks import Part
from lmcspec.tasks.prune import Prune


class Aligned(NamedTuple):
    """The tasks of a network as it is aligned."""

    state: str
    """Its training until the step."""
    early: str | None = None
    """Its training until the step from which some layers are taken; None where none are."""
    mask: str | None = None
    """What is left of it; None where nothing is pruned for the alignment."""


def aligned(
    emit: Subnetworks, network: NetworkPlan, replicate: int, level: int, settings: Alignment, name: str
) -> Aligned:
    """The network of a partner as the permutation called `name` aligns it. Raises Unsuited for steps out of order."""
    place: Path = ("permutations", name)
    state, at = _state(emit, network, replicate, level, settings.step, (*place, "step"))
    early = mask = None
    if (rewound := settings.rewind_layers) is not None:
        where = (*place, "rewind_layers", "step")
        early, before = _state(emit, network, replicate, level, rewound.step, where)
        if before > at:
            message = f"`{name}` takes layers from update {before}, after update {at} of the networks that it aligns"
            raise Unsuited("E405", message, "rewind_layers goes back: name an earlier step", where)
        early = None if before == at else early
    if settings.prune is not None and settings.prune.fraction:
        role = f"{emit.prefix}{name}/s{replicate}/l{level}/mask for alignment"
        mask = _pruned(emit, settings.prune, network, replicate, level, state, role)
    return Aligned(state, early, mask)


def _state(
    emit: Subnetworks, network: NetworkPlan, replicate: int, level: int, step: Step | str, path: Path = ()
) -> tuple[str, int]:
    """The training of a level until a step of it, which stands at `path`, and that in updates."""
    recipe = network.measured_with(level)
    resolved, rewind = emit.recipe(recipe), emit.start(network, replicate, level).step
    length = resolved.recipe.length
    if step == "end":
        return emit.level_run(network, replicate, level, recipe), length
    until = resolved.updates(step if isinstance(step, Step) else rewind)
    if until < resolved.updates(rewind):
        message = f"level {level} of {network.name!r} begins at {rewind}, after the step {step} of its alignment"
        raise Unsuited("E405", message, "name a later step", path)
    state = emit.level_run(network, replicate, level, recipe, until=None if until >= length else until)
    return state, min(until, length)


def _pruned(
    emit: Subnetworks, prune: PrunedFirst, network: NetworkPlan, replicate: int, level: int, state: str, role: str
) -> str:
    """The mask of what is left of a network, in one round: the task of a stage that prunes the same.

    Random scores are drawn by replicate, so for each partner on its own: magnitudes choose in each network for itself,
    too, and one mask of both would itself say that unit i goes with unit i. They are the same at every step.
    """
    card = get("criterion", prune.criterion.name)
    assert isinstance(card, CriterionCard)
    inputs, seeds, start = {}, {}, "given"
    if card.trains:
        inputs["state"] = state
    elif not card.rewound:
        seeds = {"replicate": replicate, "level": level + 1, "draw": 0}
    else:
        # What ranks the weights at a rewind point ranks those with which the level begins, at whatever step it is.
        begin = emit.start(network, replicate, level)
        if begin.kind == "init" and begin.last is None:
            start, seeds = "init", {"replicate": replicate}
        elif begin.kind == "given" and begin.last is None and begin.task is not None:
            inputs["state"] = begin.task
        else:
            inputs["state"], _ = _state(emit, network, replicate, level, "rewind")
    if (mask := emit.mask(network, replicate, level)) is not None:
        inputs["mask"] = mask
    params = Prune(
        model=emit.model,
        criterion=Part.of(identity(prune.criterion)),
        fraction=prune.fraction,
        scope=prune.scope,
        exclude=tuple(sorted(prune.exclude)),
        start=start,  # pyright: ignore[reportArgumentType]
        data=emit.data if card.images else None,
        code=code_of(card),
    )
    return emit.graph.add("prune", params, inputs, seeds, role=role)
