"""Short names for values and for the paths that vary: `rewind=500it`, `lr=0.1,width=8`."""

import re
from collections.abc import Collection, Sequence
from typing import Any

from lmcspec.spec.paths import Path

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_.+-]*"
"""What people may call things; brackets are added for members of families only."""
PLAIN_NAME = re.compile(NAME_PATTERN)
LONGEST_NAME = 120
"""Characters."""

_KEPT = set("[],=")


def value_label(value: Any, index: int) -> str:
    """A value as it stands in a name; `#2` for one that can't be spelled out in a few characters."""
    match value:
        case bool():
            text = "true" if value else "false"
        case int() | float():
            text = repr(value)
        case str():
            text = value
        case list() if value and all(isinstance(item, str | int | float) for item in value):
            text = "+".join(value_label(item, index) for item in value)
        case dict() if isinstance(value.get("name"), str):
            text = value["name"]
        case _:
            return f"#{index}"
    return f"#{index}" if not text or len(text) > 40 or _KEPT & set(text) or not text.isprintable() else text


def labels_of_values(values: Sequence[Any]) -> list[str]:
    """One label per value, all different."""
    labels = [value_label(value, index) for index, value in enumerate(values)]
    return [label if labels.count(label) == 1 else f"#{index}" for index, label in enumerate(labels)]


def labels_of_paths(paths: Sequence[Path], taken: Collection[str] = (), owner: str = "") -> list[str]:
    """The shortest ending of each path that no other one has: `lr`, or `real.optimiser.lr` beside another `lr`.

    None is one of those `taken`: rather than that it begins with `owner`, whose paths these are.
    """
    return [_shortest(path, [other for other in paths if other is not path], taken, owner) for path in paths]


def _shortest(path: Path, others: list[Path], taken: Collection[str], owner: str) -> str:
    for length in range(1, len(path) + 1):
        ending = path[-length:]
        label = ".".join(str(part) for part in ending)
        if isinstance(ending[0], str) and all(other[-length:] != ending for other in others) and label not in taken:
            return label
    whole = ".".join(str(part) for part in path)
    return f"{owner}.{whole}" if whole in taken else whole


def same(a: Any, b: Any) -> bool:
    """Equality that tells true from 1, but not 1 from 1.0."""
    if isinstance(a, bool) != isinstance(b, bool):
        return False
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return a == b
