"""Verdicts on a curve along the straight path between two networks: instability and barriers. No torch.

Position alpha in [0, 1]; `values` are an error or a loss at each position, ends included.
"""

import math
from collections.abc import Sequence


def alphas(points: int, add_half: bool = True) -> tuple[float, ...]:
    """`points` evenly spaced positions, ends included, and 1/2 in its place where it is not among them."""
    if points < 2:
        raise ValueError(f"a path needs its two ends, so points must be at least 2, not {points}")
    grid = tuple(place / (points - 1) for place in range(points))
    if not add_half or not half_added(points):
        return grid
    return (*grid[: points // 2], 0.5, *grid[points // 2 :])


def half_added(points: int) -> bool:
    """Whether 1/2 lies between the evenly spaced positions: where their number is even."""
    return points % 2 == 0


def own_points(values: Sequence[float], points: int) -> tuple[float, ...]:
    """Of values at `alphas(points)` those at the `points` evenly spaced positions, without an added 1/2."""
    expected = points + half_added(points)
    if len(values) != expected:
        raise ValueError(f"{len(values)} values for {expected} positions")
    return (*values[: points // 2], *values[points // 2 + 1 :]) if half_added(points) else tuple(values)


def instability(values: Sequence[float]) -> float:
    """Largest value minus the mean of the ends' (Frankle et al. 2020); NaN where a value is NaN."""
    return _largest(values) - (values[0] + values[-1]) / 2


def barrier(values: Sequence[float], positions: Sequence[float]) -> float:
    """Largest rise above the straight line between the ends (Sharma et al. 2024); never below 0, its value there.

    NaN where a rise is NaN, or an end is not finite.
    """
    first, last = values[0], values[-1]
    if not (math.isfinite(first) and math.isfinite(last)):
        return math.nan
    inner = zip(values[1:-1], positions[1:-1], strict=True)
    return _largest([0.0, *(value - ((1 - alpha) * first + alpha * last) for value, alpha in inner)])


def midpoint_barrier(values: Sequence[float], positions: Sequence[float]) -> float:
    """Value at 1/2 minus the mean of the ends' (McDermott & Cummings 2023). ValueError where 1/2 is no position."""
    return values[tuple(positions).index(0.5)] - (values[0] + values[-1]) / 2


def _largest(values: Sequence[float]) -> float:
    """The largest value; NaN where there is one, which `max` finds or not by where it stands."""
    return math.nan if any(map(math.isnan, values)) else max(values)
