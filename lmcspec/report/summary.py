"""Means and spreads over replicates."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev

from lmcspec.report.tidy import MISSING, Row


@dataclass(frozen=True, slots=True)
class Cell:
    """A value over replicates: mean, sample standard deviation (None below two), n, and what went otherwise than well.

    `asked` is the number of replicates that should have it; where it is over n some are missing.
    """

    mean: float
    std: float | None
    n: int
    values: tuple[float, ...]
    outcomes: tuple[str, ...] = ()
    asked: int = 0

    @property
    def half_width(self) -> float | None:
        """Half the 95 % interval of the mean, by Student's t; None below two values."""
        if self.std is None:
            return None
        from scipy.special import stdtrit

        return float(stdtrit(self.n - 1, 0.975)) * self.std / self.n**0.5

    @property
    def collapsed(self) -> tuple[str, ...]:
        """How trainings behind it collapsed, if any did: `diverged`, `dead-layer`, `chance`."""
        return tuple(outcome for outcome in self.outcomes if outcome != MISSING)


Key = tuple[str, str, int, str, str, int, int | None]
"""(case, network, level, measure, metric, k in updates, updates on the way)."""


def key_of(row: Row) -> Key:
    """What is alike in the rows of all replicates."""
    return row.case, row.network, row.level, row.measure, row.metric, row.at_updates, row.through


def summarise(rows: Iterable[Row], *, pooled: bool = False) -> dict[Key, Cell]:
    """Each metric over the replicates that have it. Pairs and copies were averaged within a replicate before.

    `pooled` takes every pair and copy of every replicate as a value of its own: they are not independent, and n is
    how many there are, so that neither verdicts nor intervals may rest on it.
    """
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(key_of(row), []).append(row)
    cells = {}
    for key, group in groups.items():
        values = tuple(row.value for row in group if row.value is not None)
        asked = len(group)
        if pooled:
            values = tuple(part for row in group for part in row.parts)
            asked = len(values) + sum(row.value is None for row in group)
        if values:
            cells[key] = Cell(
                mean=fmean(values),
                std=stdev(values) if len(values) > 1 else None,
                n=len(values),
                values=values,
                outcomes=tuple(sorted({outcome for row in group for outcome in row.outcomes})),
                asked=asked,
            )
    return cells
