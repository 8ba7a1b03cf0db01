"""What figures are drawn from: the rows of one case, their means, and what of them a figure asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from lmcspec.plan import Plan
from lmcspec.report.summary import Cell, key_of, summarise
from lmcspec.report.tidy import Results, Row
from lmcspec.spec.study import Figure as Wish


@dataclass(frozen=True)
class Given:
    """One case of a study with its results."""

    plan: Plan
    case: str
    rows: Sequence[Row]
    store: Results

    @cached_property
    def cells(self) -> Mapping[tuple, Cell]:
        """Every metric over its replicates."""
        return summarise(self.rows)

    @cached_property
    def networks(self) -> tuple[str, ...]:
        """In the order of the spec."""
        return tuple(dict.fromkeys(row.network for row in self.rows))

    @cached_property
    def pruned(self) -> tuple[str, ...]:
        """The networks that have more than a dense level."""
        return tuple(name for name in self.networks if len(self.plan.levels.get((self.case, name), ())) > 1)

    def original(self, network: str) -> str:
        """The network whose masks it takes; itself where it has its own."""
        return self._originals.get(network, network)

    @cached_property
    def _originals(self) -> Mapping[str, str]:
        own = [series for series in self.plan.series if series.case == self.case]
        return {series.network: str(series.params["like"]) for series in own if "like" in series.params}

    def of(self, measure: str, metric: str, wish: Wish | None = None) -> list[Row]:
        """The rows of a metric, of the networks that the figure asks for."""
        wanted = self.networks if wish is None or wish.networks is None else wish.networks
        at = None if wish is None or wish.at is None else str(wish.at)
        return [
            row
            for row in self.rows
            if (row.measure, row.metric) == (measure, metric) and row.network in wanted and at in (None, row.at)
        ]

    def cell(self, row: Row) -> Cell | None:
        """The mean that the row is a part of; None where nothing is there."""
        return self.cells.get(key_of(row))

    def density(self, network: str, level: int) -> float:
        """Measured, as a mean over replicates; the plan's where nothing was."""
        measured = [
            row.density for row in self.rows if (row.network, row.level) == (network, level) and row.density is not None
        ]
        if measured:
            return fmean(measured)
        return next(one.density for one in self.plan.levels[self.case, network] if one.number == level)

    def levels(self, network: str, wanted: Sequence[int | str] | str | None, measured: Sequence[int]) -> list[int]:
        """Those of the measured levels that a figure asks for, named as measures name them; all unless it does."""
        if wanted is None or wanted == "all":
            return list(measured)
        stages = {one.number: one.stage for one in self.plan.levels[self.case, network]}
        # A level belongs to the stage that goes on from it.
        start = min(number for number, stage in stages.items() if stage == max(stages.values()))
        named: dict[int | str, int] = {"dense": 0, "last": max(measured, default=0), "start": start}
        asked = {named.get(one, one) for one in wanted}
        return [level for level in measured if level in asked or ("last-stage" in wanted and level >= start)]

    def measures(self, kind: str) -> list[str]:
        """The names of the measures of a kind, in the order of the spec."""
        return list(
            dict.fromkeys(one.measure for one in self.plan.targets if (one.case, one.kind) == (self.case, kind))
        )

    def headline(self, measure: str) -> str:
        """The metric by which a measure is known."""
        return next(row.metric for row in self.rows if row.measure == measure and row.headline)
