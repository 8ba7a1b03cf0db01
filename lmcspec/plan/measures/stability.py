"""Stability: copies that part at k and the straight paths between them."""

from collections.abc import Iterator
from itertools import combinations

from lmcspec.base.recipes import Noise
from lmcspec.base.steps import Step
from lmcspec.plan.graph import Target
from lmcspec.plan.measures.accuracy import recipe_of
from lmcspec.plan.measures.request import Request
from lmcspec.plan.settings import ResolvedRecipe
from lmcspec.plan.subnetworks import NetworkPlan, Start, StartsAfterEnd, Subnetworks
from lmcspec.tasks.path import Path


def targets(request: Request) -> list[Target]:
    """One target per cell, k and pair of copies (and per step on the way, with `through`).

    Where k is the rewind point, copy 0 is the level's own training. Where k comes later, the level's subnetwork
    trains to k under copy 0 and all copies start there; with carried optimiser state copy 0 simply goes on. A k
    before the rewind point has no meaning, and the cell does not exist.
    """
    found: list[Target] = []
    skipped: dict[tuple[str, str], int] = {}
    for network, replicate, level in request.cells():
        name = recipe_of(request, network, level)
        recipe = request.emit.recipe(name)
        rewind = request.emit.start(network, replicate, level).step
        for written in dict.fromkeys(rewind if k == "rewind" else k for k in request.config.at):
            if recipe.updates(written) < recipe.updates(rewind):
                skipped[network.name, str(written)] = skipped.get((network.name, str(written)), 0) + 1
                continue
            if written in request.config.at and written != Step() and recipe.updates(written) >= recipe.recipe.length:
                raise StartsAfterEnd(
                    f"k = {written} is update {recipe.updates(written)} of the recipe `{name}`, by which level {level} "
                    f"of {network.name} is trained to be measured, but that ends after {recipe.recipe.length}",
                    ("measures", request.name, "at", request.config.at.index(written)),
                )
            found += _cell(request, network, replicate, level, name, written)
    for (network_name, k), count in skipped.items():
        place = f"{request.case}: " if request.case else ""
        request.notes.append(
            f"{place}{request.name} of {network_name} from k = {k}: "
            f"{count} cells lie before its rewind point and do not exist"
        )
    return found


def _cell(request: Request, network: NetworkPlan, replicate: int, level: int, name: str, k: Step) -> Iterator[Target]:
    emit, config = request.emit, request.config
    recipe = emit.recipe(name)
    mask = emit.mask(network, replicate, level)
    at = recipe.updates(k)
    ends = [recipe.recipe.length]
    if config.through is not None:
        every = max(1, recipe.updates(config.through))
        ends = [*range(at + every, recipe.recipe.length, every), recipe.recipe.length]
    for end in ends:
        until = None if end == recipe.recipe.length else end
        copies = [
            _copy(emit, network, replicate, level, name, recipe, at, k, copy, until) for copy in range(config.copies)
        ]
        for first, second in combinations(range(config.copies), 2):
            inputs = {"a": copies[first], "b": copies[second]} | ({"mask": mask} if mask else {})
            params = Path(
                model=emit.model,
                data=emit.data,
                points=config.points,
                split=tuple(sorted(config.split)),
                images=0 if config.images == "all" else config.images,
                bn=tuple(sorted(config.bn)),
                bn_images=config.bn_images,
            )
            role = f"{emit.prefix}{network.name}/s{replicate}/l{level}/path k={at} {first}-{second}"
            yield Target(
                measure=request.name,
                kind="stability",
                case=request.case,
                network=network.name,
                replicate=replicate,
                level=level,
                task=emit.graph.add("path", params, inputs, role=role if until is None else f"{role} at {until}"),
                mask=mask,
                at=str(k),
                at_updates=at,
                copies=(first, second),
                through=until,
            )


def _copy(
    emit: Subnetworks,
    network: NetworkPlan,
    replicate: int,
    level: int,
    name: str,
    recipe: ResolvedRecipe,
    at: int,
    k: Step,
    copy: int,
    until: int | None,
) -> str:
    rewind = recipe.updates(emit.start(network, replicate, level).step)
    if at == rewind or (copy == 0 and recipe.recipe.optimiser_state == "carry"):
        return emit.level_run(network, replicate, level, name, copy, until)
    shared = emit.level_run(network, replicate, level, name, 0, at)
    role = f"{emit.prefix}{network.name}/s{replicate}/l{level}/k={at} copy{copy}"
    return emit.train(
        Start("given", shared, k),
        emit.mask(network, replicate, level),
        recipe,
        emit.real,
        Noise(replicate, copy, level),
        role=role if until is None else f"{role} until {until}",
        until=until,
        keep="until-used",
    )
