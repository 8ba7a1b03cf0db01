"""Differences of means in words, and what is said of numbers and intervals beneath a table."""

from collections.abc import Iterable

from lmcspec.catalog.metric import Unit
from lmcspec.report.compare import MeanDifference
from lmcspec.report.words import form_of

OVER_REPLICATES = "mean ± sample standard deviation over replicates (n)"
LEGEND = f"{OVER_REPLICATES}, in percent and points"
SAME = "same results"
UNPAIRED = "unpaired"


def in_words(gap: MeanDifference, unit: Unit) -> str:
    """`+1.20 [+0.31, +2.09]`, to as many digits as the difference has; where there is no interval it says so."""
    mean = unit.scale * gap.mean
    if gap.interval is None:
        return f"{mean:+{form_of(mean, unit.scale)}} (no interval)"
    low, high = unit.scale * gap.interval.low, unit.scale * gap.interval.high
    form = form_of(mean or high, unit.scale)
    return f"{mean:+{form}} [{low:+{form}}, {high:+{form}}]"


def are_paired(gaps: Iterable[MeanDifference | None]) -> frozenset[bool]:
    """Whether those that have an interval are of paired replicates: all, none, or some of either kind."""
    return frozenset(gap.pairs > 0 for gap in gaps if gap is not None and gap.interval is not None)


def intervals_in_words(gaps: Iterable[MeanDifference | None], what: str = "B - A") -> str:
    """For a legend: what the intervals of these differences are, or why there is none; empty without differences."""
    there = [gap for gap in gaps if gap is not None]
    match sorted(are_paired(there)):
        case []:
            return "no interval: it takes two replicates of both that are not all alike" if there else ""
        case [False]:
            how = "by Welch's t"
        case [True]:
            how = "by t over the differences of paired replicates, which share their initial weights"
        case _:
            how = f"by t over the differences of paired replicates; {UNPAIRED}: by Welch's t"
    return f"{what} with its 95 % interval {how}"
