"""Distance: how far copies that part at k end from each other and from where they started."""

from lmcspec.plan.graph import Target
from lmcspec.plan.measures.copies import partings
from lmcspec.plan.measures.request import Request
from lmcspec.tasks.distance import Distance


def targets(request: Request) -> list[Target]:
    """One target per cell, k and pair of copies (and per step on the way, with `through`): the pairs of stability."""
    emit = request.emit
    found: list[Target] = []
    for parting in partings(request):
        shared = {"start": parting.start} | ({"mask": parting.mask} if parting.mask else {})
        for until in parting.ends:
            copies = [parting.copy(number, until) for number in range(request.config.copies)]
            for pair in parting.pairs:
                inputs = {"a": copies[pair[0]], "b": copies[pair[1]]} | shared
                task = emit.graph.add(
                    "distance", Distance(emit.model), inputs, role=parting.role("distance", pair, until)
                )
                found.append(parting.target("distance", task, pair, until))
    return found
