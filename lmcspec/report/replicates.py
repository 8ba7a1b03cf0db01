"""How many replicates a difference asks for, where its spread stays what it is."""

from collections.abc import Sequence

FEWEST = 3
"""Replicates below which a verdict is undecided."""
MOST = 1_000
"""Replicates that nobody runs: what asks for more is not told in numbers."""


def needed(spreads: Sequence[float], margin: float) -> int | None:
    """The fewest replicates, three or more, whose 95 % t-interval is narrower than ± margin; None over `MOST`.

    `spreads` are the sample standard deviation of the differences of paired replicates, or those of two sides that are
    not paired and have as many replicates each. The half of an interval of n is t(freedom, 0.975) √(Σ s²) / √n, with
    Welch's freedom (n - 1) (Σ s²)² / Σ s⁴: for a single spread Student's n - 1. It assumes that spreads stay as they
    are, and of a margin that is a difference, that this does.
    """
    import math

    import numpy as np
    from scipy.special import stdtrit

    error = math.hypot(*spreads)
    if not (error > 0 and math.isfinite(error) and margin > 0):
        return None
    counts = np.arange(FEWEST, MOST + 1)
    freedom = (counts - 1) / sum((spread / error) ** 4 for spread in spreads)
    narrow = stdtrit(freedom, 0.975) * error / np.sqrt(counts) < margin
    return int(counts[narrow.argmax()]) if narrow.any() else None
