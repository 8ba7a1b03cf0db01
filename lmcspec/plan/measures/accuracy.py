"""Accuracy: the level's own training evaluates its last state, so there is nothing else to do."""

from lmcspec.plan.graph import Target
from lmcspec.plan.measures.request import Request
from lmcspec.plan.subnetworks import NetworkPlan


def targets(request: Request) -> list[Target]:
    """One target per cell and copy."""
    emit, config = request.emit, request.config
    return [
        Target(
            measure=request.name,
            kind="accuracy",
            case=request.case,
            network=network.name,
            replicate=replicate,
            level=level,
            task=emit.level_run(network, replicate, level, recipe_of(request, network, level), copy),
            mask=emit.mask(network, replicate, level),
            copies=(copy,),
            split=config.split,
        )
        for network, replicate, level in request.cells()
        for copy in range(config.copies)
    ]


def recipe_of(request: Request, network: NetworkPlan, level: int) -> str:
    """The recipe with which a level is trained to be measured: the measure's, its stage's `retrain`, or `real`."""
    if request.config.evaluate:
        return network.recipe(request.config.evaluate)
    origin = network.original or network
    stage = next((stage for stage in reversed(origin.stages) if stage.entry <= level), None)
    return network.recipe((stage.stage.retrain if stage else None) or "real")
