"""Stability: copies that part at k and the straight paths between them."""

from dataclasses import replace

from lmcspec.plan.graph import Target
from lmcspec.plan.measures.copies import branches_of
from lmcspec.plan.measures.request import Request
from lmcspec.plan.measures.walk import path_of


def targets(request: Request) -> list[Target]:
    """One target per cell, k and pair of copies (and per step on the way, with `through`)."""
    config, emit = request.config, request.emit
    params = path_of(request)
    asked: list[Target] = []
    for branch in branches_of(request):
        mask = {"mask": branch.mask} if branch.mask else {}
        for until in branch.ends:
            copies = [branch.copy(number, until) for number in range(config.copies)]
            params_of_path, shared, what = params, mask, "path"
            if config.masks == "dropped" and branch.mask:
                dropped = branch.dropped(until)
                params_of_path = replace(params, decay=dropped.recipe, branches=dropped.branches)
                shared, what = mask | {"start": dropped.start}, "path without masks"
            for pair in branch.pairs:
                inputs = {"a": copies[pair[0]], "b": copies[pair[1]]} | shared
                task = emit.graph.add("path", params_of_path, inputs, role=branch.role(what, pair, until))
                asked.append(branch.target("stability", task, pair, until))
    return asked
