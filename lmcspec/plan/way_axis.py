"""What the permutations of a family differ in, as figures take it for an axis: `prune.fraction` of each member."""

from collections.abc import Iterable

from lmcspec.plan.graph import Way
from lmcspec.spec.study import Alignment


def key_called(way: Way, x: str) -> str | None:
    """The short name of what `x` means for a member of a family: a path in its table, or the end of one.

    None where its family does not vary in that. A key of every permutation, such as `step`, means itself alone.
    """
    of_path = {path: short for short, path in way.paths.items()}
    ends = () if x in Alignment.model_fields else (path for path in of_path if path.endswith(f".{x}"))
    return of_path.get(x) or of_path.get(next(iter(ends), ""))


def varying(ways: Iterable[Way], x: str) -> dict[str, str]:
    """The members of families that vary in `x`, with its short name there."""
    keys = {way.name: key_called(way, x) for way in ways}
    return {name: key for name, key in keys.items() if key is not None}


def keys_of(ways: Iterable[Way]) -> list[str]:
    """All in which families of these vary, by their paths in the table of a permutation."""
    return list(dict.fromkeys(path for way in ways for path in way.paths.values()))
