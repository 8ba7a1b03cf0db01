"""Stability: copies that part at k and the straight paths between them."""

from lmcspec.plan.graph import Target
from lmcspec.plan.measures.copies import partings
from lmcspec.plan.measures.request import Request
from lmcspec.tasks.path import Path


def targets(request: Request) -> list[Target]:
    """One target per cell, k and pair of copies (and per step on the way, with `through`)."""
    config, emit = request.config, request.emit
    params = Path(
        model=emit.model,
        data=emit.data,
        points=config.points,
        split=tuple(sorted(config.split)),
        images=0 if config.images == "all" else config.images,
        bn=tuple(sorted(config.bn)),
        bn_images=config.bn_images,
    )
    found: list[Target] = []
    for parting in partings(request):
        mask = {"mask": parting.mask} if parting.mask else {}
        for until in parting.ends:
            copies = [parting.copy(number, until) for number in range(config.copies)]
            for pair in parting.pairs:
                inputs = {"a": copies[pair[0]], "b": copies[pair[1]]} | mask
                task = emit.graph.add("path", params, inputs, role=parting.role("path", pair, until))
                found.append(parting.target("stability", task, pair, until))
    return found
