"""The results of two studies side by side: the differences of their means, and how sure these are."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lmcspec.report.summary import Cell, key_of, summarise
from lmcspec.report.tidy import Row


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
    metric: str
    k: str
    a: Cell | None
    b: Cell | None
    same: bool = False
    """Whether both sides are the very same results."""

    @property
    def difference(self) -> float | None:
        """Mean of B minus mean of A."""
        if self.a is None or self.b is None or not (self.a.n and self.b.n):
            return None
        return self.b.mean - self.a.mean

    @property
    def interval(self) -> Interval | None:
        """By Welch's t over replicates; None below two on a side, and where nothing varies on either."""
        return None if self.a is None or self.b is None or self.same else welch(self.a, self.b)

    def document(self) -> dict[str, Any]:
        """As plain data."""
        found: dict[str, Any] = {
            name: getattr(self, name) for name in ("case", "network", "level", "measure", "metric")
        }
        found |= {"k": self.k or None, "same": self.same, "difference": self.difference}
        interval = self.interval
        found["interval"] = None if interval is None else [interval.low, interval.high]
        found["excludes_zero"] = None if interval is None else interval.excludes_zero
        for name, cell in (("a", self.a), ("b", self.b)):
            found[name] = None if cell is None else {"mean": cell.mean, "std": cell.std, "n": cell.n}
        return found


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


Place = tuple[str, str, int, str, str, str]
"""(case, network, level, measure, headline metric, k as written)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What both studies measure, and how many lines only one of them has."""

    found: tuple[Compared, ...]
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
    found = [
        Compared(
            *place,
            *(own.get(key_of(side[place][0])) for own, side in zip(cells, sides, strict=True)),
            same=one_store and _tasks(sides[0][place]) == _tasks(sides[1][place]),
        )
        for place in both
    ]
    return Comparison(tuple(found), len(sides[0]) - len(both), len(sides[1]) - len(both))


def _by_place(rows: Iterable[Row]) -> dict[Place, list[Row]]:
    found: dict[Place, list[Row]] = {}
    for row in rows:
        if row.headline:
            place = (row.case, row.network, row.level, row.measure, row.metric, row.k)
            found.setdefault(place, []).append(row)
    return found


def _tasks(rows: Iterable[Row]) -> set[str]:
    return {row.task for row in rows}
