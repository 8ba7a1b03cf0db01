"""Points of a level's own training, which are states that it passes: by-products, where they aren't stored already."""

from collections.abc import Iterator
from dataclasses import dataclass

from lmcspec.base.steps import Step
from lmcspec.plan.measures.accuracy import recipe_of, trained
from lmcspec.plan.measures.request import Cell, Request
from lmcspec.plan.trainings import StartsAfterEnd


@dataclass(frozen=True, slots=True)
class Point:
    """The task of a state, and where that is: `written` and in updates; empty and 0 where only ends are looked at."""

    task: str
    written: str = ""
    updates: int = 0


def points(request: Request, cell: Cell) -> Iterator[Point]:
    """The steps that the measure's `at` names. One before the rewind point does not exist, and the plan notes it.

    Raises StartsAfterEnd for a step that the level's training does not reach.
    """
    if set(request.config.at) == {"end"}:
        yield Point(trained(request, cell))
        return
    network, replicate, level = cell
    name = recipe_of(request, network, level)
    recipe = request.emit.recipe(name)
    length = recipe.recipe.length
    rewind = request.emit.start(network, replicate, level).step
    seen: set[int] = set()
    for place, written in enumerate(request.config.at):
        if written == "end":
            if length not in seen:
                yield Point(trained(request, cell), "end", length)
            seen.add(length)
            continue
        step = rewind if written == "rewind" else written
        updates = recipe.updates(step)
        if updates in seen:
            continue
        seen.add(updates)
        if updates < recipe.updates(rewind):
            request.note_too_early(network, f"at {written}", rewind)
            continue
        if step != Step() and updates >= length:
            raise StartsAfterEnd(
                f"at = {written} is update {updates} of the recipe `{name}`, by which level {level} of "
                f"{network.name} is trained to be measured, but that ends after {length}",
                ("measures", request.name, "at", place),
            )
        yield Point(request.emit.level_run(network, replicate, level, name, 0, updates), str(step), updates)
