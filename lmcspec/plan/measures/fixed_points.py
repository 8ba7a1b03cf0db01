"""Fixed points: in how many units the permutations of two ways to align partners agree."""

from collections.abc import Iterator

from lmcspec.plan.alignments import Alignments
from lmcspec.plan.graph import Target
from lmcspec.plan.measures.request import Request
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.trainings import Unsuited
from lmcspec.spec.names import NONE
from lmcspec.tasks.agreement import Agreement


def targets(request: Request) -> list[Target]:
    """One target per pair of partners, permutation after the first, and level at which either of the two is another.

    It stands at the network and the level of the permutation after the first, or of the first where only that changes
    with the level.
    """
    graph, alignments = request.emit.graph, request.alignments
    asked: list[Target] = []
    for pair in alignments.pairs:
        for first, other in _compared(request):
            for network, level in _levels(alignments, first, other):
                p, q = (alignments.permutation(way, pair, level) for way in (first, other))
                inputs = {name: way for name, way in (("p", p), ("q", q)) if way}
                cell = network, pair.a, level
                role = request.role(cell, f"{first} and {other} of s{pair.b}")
                task = graph.add("agreement", Agreement(request.emit.model), inputs, role=role)
                asked.append(request.target("fixed-points", cell, task, under=other, against=first))
    return asked


def _levels(alignments: Alignments, first: str, other: str) -> Iterator[tuple[NetworkPlan, int]]:
    """The network and the levels at which two permutations are compared: all of it where one is of the `same` level."""
    ways = [alignments.of(name) for name in (other, first) if name != NONE]
    way = next((way for way in ways if way.level == "same"), ways[0])
    network = alignments.networks[way.network]
    for level in range(len(network.levels)) if way.level == "same" else (way.level,):
        yield network, level


def _compared(request: Request) -> Iterator[tuple[str, str]]:
    """(first, other) of every two permutations: a family that comes first is held member by member against others.

    Raises Unsuited where several of its members go with one of the others.
    """
    first, *others = request.config.between
    ways = request.alignments.ways
    for other in dict.fromkeys(member for name in others for member in ways.all_of(name)):
        held = ways.going_with(first, other)
        if len(held) > 1:
            path = ("measures", request.name, "between", 0)
            message = f"`{first}` is a family, of which {len(held)} members go with `{other}`"
            raise Unsuited("E217", message, f"name one member, such as {held[0]!r}, or the family second", path)
        yield held[0], other
