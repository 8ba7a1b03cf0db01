"""Connectivity: the straight path between the networks of two partners, under permutations of the second."""

from lmcspec.plan.graph import Target
from lmcspec.plan.measures.accuracy import before_the_end, recipe_of
from lmcspec.plan.measures.request import Request, levels_of
from lmcspec.tasks.path import Path


def targets(request: Request) -> list[Target]:
    """One target per network, level, pair of partners and permutation, and per step on the way with `through`.

    It stands at the first partner's replicate.
    """
    config, emit = request.config, request.emit
    params = Path(
        model=emit.model,
        data=emit.data,
        points=config.points,
        split=tuple(sorted(set(config.split))),
        images=0 if config.images == "all" else config.images,
        bn=tuple(sorted(set(config.bn))),
        bn_images=config.bn_images,
    )
    asked: list[Target] = []
    for network in request.networks:
        for pair in request.alignments.pairs:
            for level in levels_of(config.levels, network):
                cell, name = (network, pair.a, level), recipe_of(request, network, level)
                for until in (*before_the_end(request, cell), None):
                    a, b = (emit.level_run(network, end, level, name, 0, until) for end in (pair.a, pair.b))
                    for under in dict.fromkeys(config.under):
                        way = request.alignments.permutation(under, pair, level)
                        inputs = {"a": a, "b": b} | ({} if way is None else {"permutation": way})
                        what = f"path to s{pair.b} under {under}" + ("" if until is None else f" at {until}")
                        task = emit.graph.add("path", params, inputs, role=request.role(cell, what))
                        asked.append(request.target("connectivity", cell, task, through=until, under=under))
    return asked
