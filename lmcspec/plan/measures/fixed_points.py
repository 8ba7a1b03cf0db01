"""Fixed points: in how many units the permutations of two ways to align partners agree."""

from lmcspec.plan.graph import Target
from lmcspec.plan.measures.request import Request
from lmcspec.tasks.agreement import Agreement


def targets(request: Request) -> list[Target]:
    """One target per pair of partners and permutation after the first, which stands at the network of the latter."""
    graph, alignments, (first, *others) = request.emit.graph, request.alignments, request.config.between
    asked: list[Target] = []
    for pair in alignments.pairs:
        for other in others:
            settings = alignments.of(other)
            level = 0 if settings.level == "same" else settings.level
            p, q = (alignments.permutation(way, pair, level) for way in (first, other))
            inputs = {name: way for name, way in (("p", p), ("q", q)) if way}
            cell = alignments.networks[settings.network], pair.a, level
            role = request.role(cell, f"{first} and {other} of s{pair.b}")
            task = graph.add("agreement", Agreement(request.emit.model), inputs, role=role)
            asked.append(request.target("fixed-points", cell, task, under=other, against=first))
    return asked
