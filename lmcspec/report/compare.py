"""The results of two studies side by side: the differences of their means, and how sure these are."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lmcspec.catalog import Metric
from lmcspec.report.summary import Cell, cell_of, key_of, summarise
from lmcspec.report.tidy import Row, tasks_of


@dataclass(frozen=True, slots=True)
class Interval:
    """The 95 % confidence interval of a difference of means."""

    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether there is a difference, as far as this tells."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Compared:
    """One headline metric of one level in A and in B; a side without any value is None."""

    case: str
    network: str
    level: int
    measure: str
    metric: Metric
    k: str
    a: Cell | None
    b: Cell | None
    under: str = ""
    """The permutation under which two partners are compared, or `none`; empty where no partners are."""
    same: bool = False
    """Whether both sides are the very same results."""

    @property
    def difference(self) -> float | None:
        """Mean of B minus mean of A; of paired replicates the mean of their differences."""
        return None if self.gap is None else self.gap.mean

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval by t, paired where replicates share their initial weights; None where they are too few."""
        return None if self.gap is None else self.gap.interval

    @property
    def pairs(self) -> int:
        """How many replicates are paired; 0 where they are not."""
        return 0 if self.gap is None else self.gap.pairs

    @property
    def gap(self) -> "MeanDifference | None":
        """B - A; None where a side has no number. The very same results have no interval."""
        gap = None if self.a is None or self.b is None else difference(self.a, self.b)
        return replace(gap, interval=None) if gap is not None and self.same else gap

    def document(self) -> dict[str, Any]:
        """As plain data."""
        document: dict[str, Any] = {name: getattr(self, name) for name in ("case", "network", "level", "measure")}
        document |= {
            "metric": self.metric.name,
            "k": self.k or None,
            "under": self.under or None,
            "same": self.same,
            "difference": self.difference,
            "pairs": self.pairs,
        }
        interval = self.interval
        document["interval"] = None if interval is None else [interval.low, interval.high]
        document["excludes_zero"] = None if interval is None else interval.excludes_zero
        for name, cell in (("a", self.a), ("b", self.b)):
            document[name] = None if cell is None else {"mean": cell.mean, "std": cell.std, "n": cell.n}
        return document


@dataclass(frozen=True, slots=True)
class MeanDifference:
    """The difference of two means over replicates, with its 95 % interval."""

    mean: float
    interval: Interval | None
    """95 %; None below two, and where nothing varies."""
    pairs: int
    """How many replicates are paired; 0 where the two are independent."""
    spreads: tuple[float, ...] = ()
    """On which the interval rests: the standard deviation of paired differences, or those of both sides."""


def difference(a: Cell, b: Cell) -> MeanDifference | None:
    """B - A over replicates; None where a side has no number.

    Replicates that start from the same weights and see the same data in the same order have much in common: where two
    of them at least are on both sides, it is the mean of their differences d, with Student's t over these, mean(d) ±
    t s(d) / sqrt(n). Else the difference of the means, by Welch's t.
    """
    if not (a.n and b.n):
        return None
    common = sorted(a.replicates.keys() & b.replicates.keys()) if a.shares and a.shares == b.shares else []
    if len(common) < 2:
        interval, spreads = welch(a, b), (a.std or 0.0, b.std or 0.0)
        return MeanDifference(b.mean - a.mean, interval, 0, () if interval is None else spreads)
    differences = cell_of([b.replicates[replicate] - a.replicates[replicate] for replicate in common], len(common))
    half = differences.half_width or 0.0
    # Differences that are alike but for rounding do not vary.
    rounding = 1e-12 * max(abs(side.replicates[replicate]) for side in (a, b) for replicate in common)
    interval = Interval(differences.mean - half, differences.mean + half) if rounding < half < math.inf else None
    spreads = () if interval is None or differences.std is None else (differences.std,)
    return MeanDifference(differences.mean, interval, len(common), spreads)


def welch(a: Cell, b: Cell) -> Interval | None:
    """The 95 % interval of mean(b) - mean(a), by Welch's t: spreads need not be equal.

    With s² / n of either side the variance of the difference is their sum v, and the degrees of freedom are
    v² / (Σ (s²/n)² / (n - 1)).
    """
    if a.std is None or b.std is None:
        return None
    parts = [(cell.std / cell.n**0.5, cell.n) for cell in (a, b) if cell.std is not None]
    error = math.hypot(*(part for part, _ in parts))
    if not error or not math.isfinite(error):
        return None
    from scipy.special import stdtrit

    # In shares of the whole: squares of tiny spreads are nothing, and those of huge ones are no numbers.
    freedom = 1 / sum((part / error) ** 4 / (n - 1) for part, n in parts)
    half = float(stdtrit(freedom, 0.975)) * error
    difference = b.mean - a.mean
    return Interval(difference - half, difference + half)


ComparedAt = tuple[str, str, int, str, Metric, str, str]
"""(case, network, level, measure, headline metric, k as written, permutation)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What both studies measure, and how many lines only one of them has."""

    both: tuple[Compared, ...]
    only_a: int
    only_b: int


def compare(a: Sequence[Row], b: Sequence[Row], *, one_store: bool) -> Comparison:
    """Compare two studies' headline metrics level by level, in the order of A.

    A step k is matched by how it is written, and where each study has one case these two whatever they are called.
    `one_store`: equal tasks are then the very same results.
    """
    if len({row.case for row in a}) == len({row.case for row in b}) == 1:
        a, b = ([replace(row, case="") for row in rows] for rows in (a, b))
    sides = [_by_place(rows) for rows in (a, b)]
    cells = [summarise(row for row in rows if row.headline) for rows in (a, b)]
    both = [place for place in sides[0] if place in sides[1]]
    pairs = [
        Compared(
            *place[:-1],
            *(of_side.get(key_of(side[place][0])) for of_side, side in zip(cells, sides, strict=True)),
            under=place[-1],
            same=one_store and set(tasks_of(sides[0][place])) == set(tasks_of(sides[1][place])),
        )
        for place in both
    ]
    return Comparison(tuple(pairs), len(sides[0]) - len(both), len(sides[1]) - len(both))


def _by_place(rows: Iterable[Row]) -> dict[ComparedAt, list[Row]]:
    places: dict[ComparedAt, list[Row]] = {}
    for row in rows:
        if row.headline:
            place = (row.case, row.network, row.level, row.measure, row.metric, row.k, row.under)
            places.setdefault(place, []).append(row)
    return places
