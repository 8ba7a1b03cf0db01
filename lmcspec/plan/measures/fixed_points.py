"""Fixed points: in how many units the permutations of two ways to align partners agree."""

from lmcspec.plan.alignments import permutation
from lmcspec.plan.graph import Target
from lmcspec.plan.measures.request import Request
from lmcspec.tasks.agreement import Agreement


def targets(request: Request) -> list[Target]:
    """One target per pair of partners and permutation after the first, which stands at the network of the latter."""
    emit, (first, *others) = request.emit, request.config.between
    asked: list[Target] = []
    for pair in emit.pairs:
        for other in others:
            settings = emit.alignments[other]
            network = emit.networks[settings.network]  # pyright: ignore[reportAttributeAccessIssue]
            level = 0 if settings.level == "same" else settings.level  # pyright: ignore[reportAttributeAccessIssue]
            p, q = (permutation(emit, way, pair, level) for way in (first, other))
            inputs = {name: way for name, way in (("p", p), ("q", q)) if way}
            cell = network, pair.a, level
            role = request.role(cell, f"{first} and {other} of s{pair.b}")
            task = emit.graph.add("agreement", Agreement(emit.model), inputs, role=role)
            asked.append(request.target("fixed-points", cell, task, under=other))
    return asked
