"""What a permutation of a spec can move: the groups of its model's units, in words."""

from collections.abc import Sequence
from pathlib import Path

from lmcspec.plan.planned_study import read_study
from lmcspec.spec.paths import parse_path


def groups_in_words(spec: Path, path: str, sets: Sequence[str], case: str = "") -> list[str]:
    """Lines that name the groups of the model that `permutations.NAME` permutes, and what of it stays and why.

    The name may be that of a family. Nothing for any other path, and where the study asks for nothing under it. Imports
    torch. GroupsError where permuting the groups changes what the model computes.
    """
    table, *rest = (part.name for part in parse_path(path))
    if table != "permutations" or len(rest) != 1:
        return []
    (name,) = rest
    from lmcspec.science.permute.description import described
    from lmcspec.science.permute.tracing import groups_of
    from lmcspec.tasks import kind, read

    plan = read_study(spec, sets, None).plan
    begin = tuple(
        f"{way.case}/{way.name}/" if way.case else f"{way.name}/"
        for way in plan.permutations
        if case in ("", way.case) and name in (way.name, way.family)
    )
    standing = (plan.tasks[task] for role, task in plan.roles.items() if role.startswith(begin))
    aligned = next((task for task in standing if kind(task.kind).makes == "permutation"), None)
    if aligned is None:
        return []
    model = aligned.params.model
    return described(groups_of(read.module(model), tuple(model.value["shape"])))
