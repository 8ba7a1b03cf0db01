"""What a permutation of a spec can move: the groups of its model's units, in words."""

from collections.abc import Sequence
from pathlib import Path

from lmcspec.plan.planned_study import read_study
from lmcspec.spec.paths import parse_path
from lmcspec.tasks.match import Match


def groups_in_words(spec: Path, path: str, sets: Sequence[str], case: str = "") -> list[str]:
    """Lines that name the groups of the model that `permutations.NAME` permutes, and what of it stays and why.

    Where layers are rewound for it they say which; not of a family whose members differ in that.

    The name may be that of a family. Nothing for any other path, and where the study asks for nothing under it. Imports
    torch. GroupsError where permuting the groups changes what the model computes.
    """
    table, *rest = (part.name for part in parse_path(path))
    if table != "permutations" or len(rest) != 1:
        return []
    (name,) = rest
    from lmcspec.science.permute.description import described
    from lmcspec.science.permute.selfcheck import check
    from lmcspec.science.permute.tracing import trace
    from lmcspec.tasks import kind, read

    plan = read_study(spec, sets, None).plan
    begin = tuple(
        f"{way.case}/{way.name}/" if way.case else f"{way.name}/"
        for way in plan.permutations
        if case in ("", way.case) and name in (way.name, way.family)
    )
    standing = (plan.tasks[task] for role, task in plan.roles.items() if role.startswith(begin))
    aligned = [task for task in standing if kind(task.kind).makes == "permutation"]
    if not aligned:
        return []
    model = aligned[0].params.model
    network, shape = read.module(model), tuple(model.value["shape"])
    traced = trace(network, shape)
    check(network, traced.groups, shape)
    ways = {(task.params.how, task.params.layers) for task in aligned if isinstance(task.params, Match)}
    return [*described(traced.groups), *(rewound(traced.order, *ways.pop()) if len(ways) == 1 else ())]


def rewound(order: Sequence[str], how: str, layers: str) -> list[str]:
    """Lines that name the modules that `rewind_layers` takes from the earlier step, with tensors in this order."""
    from lmcspec.science.permute.partial import taken

    if not how:
        return []
    early = taken(order, layers, how)  # pyright: ignore[reportArgumentType]
    modules = dict.fromkeys(name.rpartition(".")[0] or name for name in order if name in early)
    return [f"from the earlier step ({how} {layers})", *(f"  {module}" for module in modules or ["nothing"])]
