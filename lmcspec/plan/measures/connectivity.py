"""Connectivity: the straight path between the networks of two partners, under permutations of the second."""

from collections.abc import Iterator, Sequence
from typing import Any

from lmcspec.plan.alignments import Partners
from lmcspec.plan.graph import Target
from lmcspec.plan.measures.accuracy import before_the_end, recipe_of
from lmcspec.plan.measures.copies import Branch
from lmcspec.plan.measures.request import Request, levels_of
from lmcspec.plan.measures.walk import path_of
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.trainings import StartsAfterEnd
from lmcspec.spec.names import NONE

CHILD = 1
"""The data order of children: another than that of copy 0, which their parents go on under."""


def targets(request: Request) -> list[Target]:
    """One target per network, level, pair of partners and permutation; per step with `through`, per k with `branch`.

    It stands at the first partner's replicate. A child's permutation is that of its parents.
    """
    config, emit = request.config, request.emit
    params = path_of(request)
    asked: list[Target] = []
    for network in request.networks:
        for pair in request.alignments.pairs:
            for level in levels_of(config.levels, network):
                cell = network, pair.a, level
                for a, b, place, when in _compared(request, network, pair, level):
                    ways = request.alignments.under(config.under, network)
                    for under in ways:
                        way = request.alignments.permutation(under, pair, level)
                        inputs = {"a": a, "b": b} | ({} if way is None else {"permutation": way})
                        if config.ends == "pruned":
                            inputs |= request.alignments.masks(pruning(request, under, ways), pair, level)
                        role = request.role(cell, f"path to s{pair.b} under {under}{when}")
                        task = emit.graph.add("path", params, inputs, role=role)
                        asked.append(request.target("connectivity", cell, task, under=under, **place))
    return asked


def pruning(request: Request, under: str, ways: Sequence[str]) -> str:
    """The permutation of which the masks are that ends have `under` one: its own, or where it has none the others'."""
    prunes = [way for way in ways if way != NONE and request.alignments.of(way).prune is not None]
    return under if under in prunes else prunes[0]


def _compared(
    request: Request, network: NetworkPlan, pair: Partners, level: int
) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """(first network, second network, where a target stands, in words) of every two that are compared."""
    emit, name = request.emit, recipe_of(request, network, level)
    for until in (*before_the_end(request, (network, pair.a, level)), None):
        a, b = (emit.level_run(network, end, level, name, 0, until) for end in (pair.a, pair.b))
        yield a, b, {"through": until}, "" if until is None else f" at {until}"
    rewind = emit.recipe(name).updates(emit.start(network, pair.a, level).step)
    for place, k in enumerate(request.config.branch):
        children = [Branch(request, network, end, level, name, k) for end in (pair.a, pair.b)]
        at, length = children[0].at, emit.recipe(name).recipe.length
        if at >= length:
            message = f"k = {k} is update {at} of the recipe `{name}`, which ends after {length}"
            raise StartsAfterEnd(message, ("measures", request.name, "branch", place))
        if at < rewind:
            request.note_too_early(network, f"branch {k}", emit.start(network, pair.a, level).step)
            continue
        a, b = (child.copy(CHILD) for child in children)
        yield a, b, {"at": str(k), "at_updates": at}, f" from {k}"
