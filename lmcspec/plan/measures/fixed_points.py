"""Fixed points: in how many units the permutations of two ways to align partners agree."""

from collections.abc import Iterator

from lmcspec.plan.graph import Target
from lmcspec.plan.measures.request import Request
from lmcspec.plan.trainings import Unsuited
from lmcspec.tasks.agreement import Agreement


def targets(request: Request) -> list[Target]:
    """One target per pair of partners and permutation after the first, which stands at the network of the latter."""
    graph, alignments = request.emit.graph, request.alignments
    asked: list[Target] = []
    for pair in alignments.pairs:
        for first, other in _compared(request):
            settings = alignments.of(other)
            level = 0 if settings.level == "same" else settings.level
            p, q = (alignments.permutation(way, pair, level) for way in (first, other))
            inputs = {name: way for name, way in (("p", p), ("q", q)) if way}
            cell = alignments.networks[settings.network], pair.a, level
            role = request.role(cell, f"{first} and {other} of s{pair.b}")
            task = graph.add("agreement", Agreement(request.emit.model), inputs, role=role)
            asked.append(request.target("fixed-points", cell, task, under=other, against=first))
    return asked


def _compared(request: Request) -> Iterator[tuple[str, str]]:
    """(first, other) of every two permutations: a family that comes first is held member by member against others.

    Raises Unsuited where several of its members go with one of the others.
    """
    first, *others = request.config.between
    ways = request.alignments.ways
    for other in dict.fromkeys(member for name in others for member in ways.all_of(name)):
        held = ways.going_with(first, other)
        if len(held) > 1:
            message = f"`{first}` is a family, of which {len(held)} members go with `{other}`"
            raise Unsuited("E217", message, f"name one member, such as {held[0]!r}, or the family second")
        yield held[0], other
