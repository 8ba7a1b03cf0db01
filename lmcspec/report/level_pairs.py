"""Levels of two networks that go together: those of equal sparsity, whatever their numbers."""

import math
from collections.abc import Mapping, Sequence

NEAR = 1.1
"""Up to this ratio of the weights that are left, levels are near enough to be compared: half a usual round of IMP."""


def pair_levels(a: Mapping[int, float], b: Mapping[int, float]) -> list[tuple[int, int]]:
    """The pairs of levels whose densities are each other's nearest and differ by a tenth of what is left at most.

    `a` and `b` are densities by level. What is dense goes with what is dense alone. Of equally near ones that with the
    nearest number is taken: where both networks are pruned alike, each level goes with the one of its own number.
    """
    nearest = {level: _nearest(level, density, b) for level, density in sorted(a.items())}
    back = {level: _nearest(level, density, a) for level, density in b.items()}
    return [(level, other) for level, other in nearest.items() if other is not None and back[other] == level]


def _nearest(level: int, density: float, others: Mapping[int, float]) -> int | None:
    ranked = sorted((round(_apart(density, other), 9), abs(level - number), number) for number, other in others.items())
    return ranked[0][2] if ranked and ranked[0][0] <= math.log(NEAR) else None


def _apart(a: float, b: float) -> float:
    """By how much two densities differ: the logarithm of their ratio, endless where only one of them is whole or 0."""
    if a == b:
        return 0.0
    if 1.0 in (a, b) or min(a, b) <= 0:
        return math.inf
    return abs(math.log(a / b))


def without(levels: Mapping[int, float], taken: Sequence[int]) -> list[int]:
    """The levels that are left over."""
    return sorted(levels.keys() - set(taken))
