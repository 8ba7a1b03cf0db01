"""Distance: how far copies that part at k end from each other and from where they started."""

from lmcspec.plan.graph import Target
from lmcspec.plan.measures.copies import branches_of
from lmcspec.plan.measures.request import Request
from lmcspec.tasks.distance import Distance


def targets(request: Request) -> list[Target]:
    """One target per cell, k and pair of copies (and per step on the way, with `through`): the pairs of stability."""
    emit = request.emit
    asked: list[Target] = []
    for branch in branches_of(request):
        shared = {"start": branch.start} | ({"mask": branch.mask} if branch.mask else {})
        for until in branch.ends:
            copies = [branch.copy(number, until) for number in range(request.config.copies)]
            for pair in branch.pairs:
                inputs = {"a": copies[pair[0]], "b": copies[pair[1]]} | shared
                task = emit.graph.add(
                    "distance", Distance(emit.model), inputs, role=branch.role("distance", pair, until)
                )
                asked.append(branch.target("distance", task, pair, until))
    return asked
