"""How many weights a pruning takes, and how many of them each layer gives: numbers that a plan needs without torch."""

import math
from collections.abc import Sequence


def count_to_prune(fraction: float, eligible: int) -> int:
    """`floor(fraction * eligible + 1/2)`: how many of the eligible survivors one pruning takes."""
    return math.floor(fraction * eligible + 0.5)


def share(count: int, sizes: Sequence[int]) -> list[int]:
    """`count` in whole parts proportional to `sizes`, none above its size: largest remainders, ties to the earlier."""
    total = sum(sizes)
    if not total:
        return [0] * len(sizes)
    parts = [count * size // total for size in sizes]
    remainders = [count * size % total for size in sizes]
    by_remainder = sorted(range(len(sizes)), key=lambda place: (-remainders[place], place))
    for place in by_remainder[: count - sum(parts)]:
        parts[place] += 1
    return parts
