"""Accuracy: the level's own training evaluates its last state, so there is nothing else to do."""

from lmcspec.plan.graph import Target
from lmcspec.plan.measures.request import Cell, Request
from lmcspec.plan.network_plan import NetworkPlan


def targets(request: Request) -> list[Target]:
    """One target per cell and copy."""
    config = request.config
    return [
        request.target("accuracy", cell, trained(request, cell, copy), copies=(copy,), split=config.split)
        for cell in request.cells()
        for copy in range(config.copies)
    ]


def trained(request: Request, cell: Cell, copy: int = 0) -> str:
    """The training by which a level is measured, to its end."""
    network, replicate, level = cell
    return request.emit.level_run(network, replicate, level, recipe_of(request, network, level), copy)


def recipe_of(request: Request, network: NetworkPlan, level: int) -> str:
    """The recipe with which a level is trained to be measured: the measure's, its stage's `retrain`, or `real`."""
    if request.config.evaluate:
        return network.recipe(request.config.evaluate)
    origin = network.original or network
    stage = next((stage for stage in reversed(origin.stages) if stage.entry <= level), None)
    return network.recipe((stage.stage.retrain if stage else None) or "real")
