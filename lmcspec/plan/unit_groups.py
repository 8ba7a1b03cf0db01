"""What a permutation of a spec can move: the groups of its model's units, in words."""

from collections.abc import Sequence
from pathlib import Path

from lmcspec.plan.planned_study import read_study
from lmcspec.spec.paths import parse_path


def groups_in_words(spec: Path, path: str, sets: Sequence[str], case: str = "") -> list[str]:
    """Lines that name the groups of the model that `permutations.NAME` permutes, and what of it stays and why.

    Nothing for any other path, and where the study asks for nothing under that permutation. Imports torch.
    """
    table, *rest = (part.name for part in parse_path(path))
    if table != "permutations" or len(rest) != 1:
        return []
    (name,) = rest
    from lmcspec.science.permute.description import described
    from lmcspec.tasks import kind, read

    begin = f"{case}/{name}/" if case else f"{name}/"
    tasks = read_study(spec, sets, None).plan.tasks.values()
    aligned = next(
        (task for task in tasks if kind(task.kind).makes == "permutation" and task.label.startswith(begin)), None
    )
    return [] if aligned is None else described(read.groups(aligned.params.model))
