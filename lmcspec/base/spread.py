"""Means and spreads of values that may be infinite, undefined, or too large for their squares."""

import math
from collections.abc import Iterable, Sequence


def mean(values: Iterable[float]) -> float:
    """Arithmetic mean, exactly rounded: of finite values finite. With an infinite one infinite, with a NaN NaN.

    Infinities of both signs have the mean NaN. ValueError of no values.
    """
    values = list(values)
    if not all(map(math.isfinite, values)):
        return sum(values)  # inf, -inf or NaN: dividing by how many there are changes nothing
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        import statistics  # not at once: starting up has a budget

        return float(statistics.mean(values))  # in fractions


def std(values: Sequence[float]) -> float | None:
    """Sample standard deviation, divided by n - 1; None below two values, NaN where one of them is not finite.

    Infinite where it is larger than any float.
    """
    if len(values) < 2:
        return None
    if not all(map(math.isfinite, values)):
        return math.nan
    import statistics  # not at once: starting up has a budget

    largest = max(map(abs, values))
    # statistics works in fractions, which only its result leaves.
    if largest < 1e300:
        return statistics.stdev(values)
    return statistics.stdev([value / largest for value in values]) * largest


def finite(values: Iterable[float]) -> tuple[float, ...]:
    """The finite values, in their order."""
    return tuple(value for value in values if math.isfinite(value))


def alike(a: float | None, b: float | None) -> bool:
    """Whether two values are the same number, or neither is one."""
    return a == b or (a is not None and b is not None and math.isnan(a) and math.isnan(b))
