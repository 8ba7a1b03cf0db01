"""Accuracy: the level's own training evaluates its last state, so there is nothing else to do."""

from collections.abc import Iterator

from lmcspec.base.steps import Step
from lmcspec.plan.graph import Target
from lmcspec.plan.measures.request import Cell, Request
from lmcspec.plan.network_plan import NetworkPlan


def targets(request: Request) -> list[Target]:
    """One target per cell and copy, and per state on the way with `through`, which evaluates itself, too."""
    config = request.config
    asked = []
    for cell in request.cells():
        for copy in range(config.copies):
            of_copy = {"copies": (copy,), "split": config.split}
            asked += [
                request.target("accuracy", cell, task, through=updates, **of_copy)
                for updates, task in _on_the_way(request, cell, copy)
            ]
            asked.append(request.target("accuracy", cell, trained(request, cell, copy), **of_copy))
    return asked


def _on_the_way(request: Request, cell: Cell, copy: int) -> Iterator[tuple[int, str]]:
    """States before the end of a level's training that `through` names, with their updates."""
    network, replicate, level = cell
    for updates in before_the_end(request, cell):
        name = recipe_of(request, network, level)
        yield updates, request.emit.level_run(network, replicate, level, name, copy, updates)


def before_the_end(request: Request, cell: Cell) -> list[int]:
    """The updates of a level's training, its start included, that `through` names."""
    wanted = request.config.through
    if wanted is None:
        return []
    network, replicate, level = cell
    name = recipe_of(request, network, level)
    recipe = request.emit.recipe(name)
    rewind = request.emit.start(network, replicate, level).step
    begin = recipe.updates(rewind)
    if isinstance(wanted, Step):
        every = max(1, recipe.updates(wanted))
        places = [begin, *range((begin // every + 1) * every, recipe.recipe.length, every)]
    else:
        places = sorted({recipe.updates(step) for step in wanted})
        for step in wanted:
            if recipe.updates(step) < begin:
                request.note_too_early(network, f"through {step}", rewind)
    return [updates for updates in places if begin <= updates < recipe.recipe.length]


def trained(request: Request, cell: Cell, copy: int = 0) -> str:
    """The training by which a level is measured, to its end."""
    network, replicate, level = cell
    return request.emit.level_run(network, replicate, level, recipe_of(request, network, level), copy)


def recipe_of(request: Request, network: NetworkPlan, level: int) -> str:
    """The recipe with which a level is trained to be measured: the measure's, its stage's `retrain`, or `real`."""
    evaluate = request.config.evaluate
    return network.recipe(evaluate) if evaluate else network.measured_with(level)
