"""How far trained networks lie from each other, and in which directions they went."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Triangle:
    """Two ends and their common start: the three sides, and the angle at the start in degrees.

    An end that is where it started went in no direction: the angle is then not a number.
    """

    apart: float
    from_start: tuple[float, float]
    angle: float


def triangle(
    a: Mapping[str, Tensor], b: Mapping[str, Tensor], start: Mapping[str, Tensor], names: Iterable[str]
) -> Triangle:
    """The triangle of a, b and start over the tensors of these names, in float64.

    With u = a - start and v = b - start the angle is `2 atan2(|u/|u| - v/|v||, |u/|u| + v/|v||)`, which is as exact
    for nearly equal directions as for opposite ones. Mask the states first where there is a mask.
    """
    names = list(names)
    u, v = ([end[name].double() - start[name].double() for name in names] for end in (a, b))
    lengths = _norm(u), _norm(v)
    apart = _norm([x - y for x, y in zip(u, v, strict=True)])
    if not (lengths[0] > 0 and lengths[1] > 0):
        return Triangle(apart, lengths, math.nan)
    units = [(x / lengths[0], y / lengths[1]) for x, y in zip(u, v, strict=True)]
    angle = 2 * math.atan2(_norm([x - y for x, y in units]), _norm([x + y for x, y in units]))
    return Triangle(apart, lengths, math.degrees(angle))


def _norm(tensors: Iterable[Tensor]) -> float:
    return math.sqrt(sum(float(tensor.square().sum()) for tensor in tensors))
