"""Transitivity: permutations composed along random paths through all replicates, and around the cycles these make."""

from collections.abc import Sequence
from itertools import pairwise

from lmcspec.base.random_paths import possible_paths, random_paths
from lmcspec.plan.graph import Target, TooManyTasks
from lmcspec.plan.measures.accuracy import recipe_of
from lmcspec.plan.measures.request import Request, levels_of
from lmcspec.plan.measures.walk import path_of
from lmcspec.plan.network_plan import NetworkPlan
from lmcspec.plan.trainings import Unsuited
from lmcspec.tasks.agreement import Agreement
from lmcspec.tasks.chain import Chain
from lmcspec.tasks.transitivity import Transitivity


def targets(request: Request) -> list[Target]:
    """One target per network, level and permutation: of all replicates together, and it stands at the first.

    Paths are the same for all of them: they are drawn by how many networks they visit alone.
    """
    config, asked = request.config, list[Target]()
    lengths = sorted(set(config.lengths))
    _check(request, lengths)
    paths = [path for length in lengths for path in random_paths(request.replicates, length - 1, config.paths, length)]
    for network in request.networks:
        for level in levels_of(config.levels, network):
            for under in request.alignments.under(config.under, network):
                inputs: dict[str, str] = {}
                for place, path in enumerate(paths):
                    inputs |= {
                        f"{what}-{place}": task for what, task in _of(request, network, level, under, path).items()
                    }
                named = tuple("-".join(map(str, path)) for path in paths)
                params = Transitivity(request.emit.model, named, *_looked_at(request))
                cell = network, 0, level
                task = request.emit.graph.add(
                    "transitivity", params, inputs, role=request.role(cell, f"{request.name} under {under}")
                )
                asked.append(request.target("transitivity", cell, task, under=under))
    return asked


def _check(request: Request, lengths: Sequence[int]) -> None:
    """Raises Unsuited where there are fewer replicates than a path visits; TooManyTasks before so many are drawn."""
    if lengths[-1] > request.replicates:
        message = f"a path of {lengths[-1]} networks needs as many replicates, and the study has {request.replicates}"
        few = ", ".join(map(str, range(2, request.replicates + 1)))
        where = ("measures", request.name, "lengths")
        raise Unsuited("E440", message, f"say `lengths = [{few}]`, or have more replicates", where)
    count = sum(min(request.config.paths, possible_paths(request.replicates, length - 1)) for length in lengths)
    if count > request.emit.graph.limit:  # each is a task at least
        raise TooManyTasks


def _looked_at(request: Request) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(sorted(set(request.config.split))), tuple(sorted(set(request.config.bn)))


def _of(request: Request, network: NetworkPlan, level: int, under: str, path: tuple[int, ...]) -> dict[str, str]:
    """What is computed along a path, by name. It starts at the smaller of its ends: `direct` is never undone."""
    emit = request.emit
    first, last = path[0], path[-1]
    ends = [emit.level_run(network, end, level, recipe_of(request, network, level)) for end in (first, last)]
    cell, words = (network, first, level), "-".join(map(str, path))
    direct = _along(request, network, level, under, (first, last))
    composed = _along(request, network, level, under, path)

    def walk(b: str, permutation: str | None, what: str) -> str:
        inputs = {"a": ends[0], "b": b} | ({} if permutation is None else {"permutation": permutation})
        return emit.graph.add("path", path_of(request), inputs, role=request.role(cell, f"path {what}"))

    made = {
        "composed": walk(ends[1], composed, f"to s{last} by {words} under {under}"),
        "direct": walk(ends[1], direct, f"to s{last} under {under}"),
        "unpermuted": walk(ends[1], None, f"to s{last} under none"),
        "agreement": emit.graph.add(
            "agreement",
            Agreement(emit.model),
            {"p": composed, "q": direct},
            role=request.role(cell, f"{under} by {words} and directly"),
        ),
    }
    if len(path) > 2:  # there and back is the identity
        around = _along(request, network, level, under, (*path, first))
        made["cycle"] = walk(ends[0], around, f"around {words} under {under}")
    return made


def _along(request: Request, network: NetworkPlan, level: int, under: str, path: Sequence[int]) -> str:
    """The permutation that brings the last network of a path into the frame of its first."""
    steps = [request.alignments.between(under, a, b, level) for a, b in pairwise(path)]
    if [back for _, back in steps] == [False]:
        return steps[0][0]
    inputs = {f"step-{place}": task for place, (task, _) in enumerate(steps)}
    role = request.role((network, path[0], level), f"{under} by {'-'.join(map(str, path))}")
    params = Chain(request.emit.model, tuple(back for _, back in steps))
    return request.emit.graph.add("chain", params, inputs, role=role)
