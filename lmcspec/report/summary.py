"""Means and spreads over replicates."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev

from lmcspec.report.tidy import Row


@dataclass(frozen=True, slots=True)
class Cell:
    """A value over replicates: mean, sample standard deviation (None below two), n, and what went missing."""

    mean: float
    std: float | None
    n: int
    values: tuple[float, ...]
    outcomes: tuple[str, ...] = ()

    @property
    def half_width(self) -> float | None:
        """Half the 95 % interval of the mean, by Student's t; None below two values."""
        if self.std is None:
            return None
        from scipy.special import stdtrit

        return float(stdtrit(self.n - 1, 0.975)) * self.std / self.n**0.5


Key = tuple[str, str, int, str, str, int]
"""(case, network, level, measure, metric, k in updates)."""


def summarise(rows: Iterable[Row]) -> dict[Key, Cell]:
    """Each metric over the replicates that have it. Pairs and copies were averaged within a replicate before."""
    values: dict[Key, list[float]] = {}
    outcomes: dict[Key, set[str]] = {}
    for row in rows:
        key = (row.case, row.network, row.level, row.measure, row.metric, row.at_updates)
        if row.value is not None:
            values.setdefault(key, []).append(row.value)
        if row.outcome != "ok":
            outcomes.setdefault(key, set()).add(row.outcome)
    return {
        key: Cell(
            mean=fmean(several),
            std=stdev(several) if len(several) > 1 else None,
            n=len(several),
            values=tuple(several),
            outcomes=tuple(sorted(outcomes.get(key, ()))),
        )
        for key, several in values.items()
    }
