"""How seconds grow with the number of tasks: a power of it."""

import math
from collections.abc import Mapping
from statistics import median

CLOSE_TO_LINEAR = 1.1
"""The power up to which growth is said to be close to linear."""


def power(seconds: Mapping[int, float]) -> float:
    """b of seconds = a sizeᵇ, by least squares on logarithms. Of two sizes or more, all above 0."""
    points = [(math.log(size), math.log(each)) for size, each in seconds.items()]
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def grown(repeats: list[dict[int, float]]) -> str:
    """The power of each repeat in words, over all sizes and from the last but one to the largest."""
    over_all = [power(seconds) for seconds in repeats]
    largest = sorted(repeats[0])[-2:]
    ends = [power({size: seconds[size] for size in largest}) for seconds in repeats]
    goal = "met" if max(median(over_all), median(ends)) <= CLOSE_TO_LINEAR else "not met"
    between = f"{_spread(ends)} from {largest[0]:,} to {largest[1]:,}"
    return f"grows as tasks to the power {_spread(over_all)}, {between}; goal {CLOSE_TO_LINEAR:g}: {goal}"


def _spread(values: list[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f}, n = {len(values)})"
