"""Whether two golden runs agree, and which numbers moved where they don't."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

TOLERANCE = 1e-6
"""Of a number, relative to its size where that is over 1. What another CPU's rounding does stays well below."""
SUMS = 1e-4
"""The same of sums of tensors, in which the rounding of a thousand entries adds up; not of their norms."""


def moved(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """One line for each number of a task that is no longer what it was: `scalars.test_loss: 2.25 became 2.31`."""
    parts = {"outcome": TOLERANCE, "scalars": TOLERANCE, "tensors": SUMS}
    return [line for part, far in parts.items() for line in _differences(part, old[part], new[part], far)]


def _differences(place: str, old: Any, new: Any, far: float) -> Iterator[str]:
    match old, new:
        case Mapping(), Mapping():
            for name in sorted({*old, *new}):
                if name not in new or name not in old:
                    yield f"{place}.{name}: is {'gone' if name in old else 'new'}"
                else:
                    yield from _differences(f"{place}.{name}", old[name], new[name], far)
        case list(), list() if len(old) == len(new):
            for index, (before, after) in enumerate(zip(old, new, strict=True)):
                yield from _differences(f"{place}[{index}]", before, after, TOLERANCE if index else far)
        case int() | float(), int() | float():
            if not close(old, new, far):
                yield f"{place}: {old:.9g} became {new:.9g}"
        case _:
            if old != new:
                yield f"{place}: {old!r} became {new!r}"


def close(old: float, new: float, far: float = TOLERANCE) -> bool:
    """Equal to the tolerance; two NaNs are equal, and so are equal infinities."""
    if old == new or (math.isnan(old) and math.isnan(new)):
        return True
    return math.isfinite(old) and math.isfinite(new) and abs(old - new) <= far * max(1.0, abs(old))
