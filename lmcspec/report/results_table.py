"""The table of a case's results: what a terminal prints and a page shows, with what is behind each number."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from lmcspec.catalog import Metric
from lmcspec.plan import Plan
from lmcspec.report.anchors import anchor_of
from lmcspec.report.summary import Cell, Key, key_of, summarise
from lmcspec.report.tidy import Row, at_the_end, tasks_of
from lmcspec.report.words import gaps, in_its_unit, verdicts
from lmcspec.spec.names import NONE

EACH_ITS_OWN = -1
"""In place of k: each network at its own rewind point."""


@dataclass(frozen=True, slots=True)
class Column:
    """The headline of a measure, of a stability from one k."""

    measure: str
    metric: Metric
    at_updates: int = 0
    k: str = ""
    """That k as it is written; empty for measures without any."""
    under: str = ""
    """The permutation under which two partners are compared, as it is called beside the networks; empty for measures
    of no partners."""

    @property
    def heading(self) -> str:
        """`accuracy %`, `instability k=3ep`, and what it is taken on where that is not the usual.

        A measure with a name of its own goes by that.
        """
        if self.under:
            name = self.metric.column if self.metric.column and self.measure == self.metric.measure else self.measure
            named = f"{name} under {self.under}" if self.under != NONE else f"{name} unpermuted"
            return f"{named} k={self.k}" if self.k else named
        if not self.k:
            return f"{self.measure} %" if self.metric.unit.sign else f"{self.measure} ({self.metric.name})"
        name = self.metric.column if self.metric.column and self.measure == self.metric.measure else self.measure
        return f"{name} k={self.k}" + (f" ({', '.join(self.metric.apart)})" if self.metric.apart else "")

    def holds(self, row: Row) -> bool:
        """Whether a row's number stands in this column."""
        same_metric = (row.measure, row.metric, row.way) == (self.measure, self.metric, self.under)
        same_k = (self.at_updates, bool(self.k)) == (row.at_updates, bool(row.k))
        return same_metric and (self.at_updates == EACH_ITS_OWN or same_k)


@dataclass(frozen=True, slots=True)
class Value:
    """A number over replicates, as a table has it."""

    cell: Cell | None
    """Mean, spread, n and what went otherwise than well; None where nothing is there."""
    metric: Metric
    """In whose unit it is read."""
    tasks: tuple[str, ...]
    """The tasks whose results it is made of."""
    amiss: bool
    """Whether any of these is missing or collapsed."""
    anchor: str = ""
    """Its address on the study's page."""
    partly: bool = False
    """Whether copies of some replicate are there, and others of it are not."""

    @property
    def text(self) -> str:
        """`94.50 ± 0.50 (3)`, with outcomes other than ok, and the noise floor, behind it."""
        if self.cell is None and self.partly:
            return "incomplete"
        return in_its_unit(self.cell, self.metric.unit, floor=True)

    @property
    def has_floor(self) -> bool:
        """Whether a noise floor is known of it."""
        return self.cell is not None and self.cell.floor is not None


@dataclass(frozen=True, slots=True)
class LevelLine:
    """One level of a network."""

    network: str
    level: int
    sparsity: float | None
    values: tuple[Value | None, ...]
    """A value for each column; None where the network is not measured so at this level."""

    @property
    def sparsity_text(self) -> str:
        """`36.0%`, or a question mark where no mask is there yet."""
        return "?" if self.sparsity is None else f"{self.sparsity:.1%}"


@dataclass(frozen=True, slots=True)
class ResultsTable:
    """A line for each level of each network, a column for each measure and k."""

    columns: tuple[Column, ...]
    lines: tuple[LevelLine, ...]

    @property
    def has_floors(self) -> bool:
        """Whether a noise floor stands beside any number."""
        return any(value is not None and value.has_floor for line in self.lines for value in line.values)


@dataclass(frozen=True, slots=True)
class CaseTable:
    """The results of a case, and what is said beneath them."""

    results: ResultsTable
    verdicts: tuple[tuple[str, str], ...]
    """(network, in words what the study asked of it)."""
    gaps: tuple[str, ...]
    """What is missing or collapsed, a line each."""


def case_table(plan: Plan, rows: Sequence[Row], case: str) -> CaseTable:
    """The table of a case with its verdicts and gaps; rows of other cases are left out."""
    rows = [row for row in rows if row.case == case]
    ended = at_the_end(rows)
    cells = summarise(ended)
    questions = [verdict for verdict in plan.verdicts if verdict.case == case]
    table = _table(ended, cells)
    return CaseTable(table, tuple(verdicts(ended, cells, questions)), tuple(gaps(rows)))


def results_table(rows: Sequence[Row]) -> ResultsTable:
    """The table of some rows of a case; what copies are on their way is left out."""
    ended = at_the_end(rows)
    return _table(ended, summarise(ended))


def _table(rows: Sequence[Row], cells: Mapping[Key, Cell]) -> ResultsTable:
    columns = _columns(rows)
    lines = []
    for (network, level), of_level in _by_level(rows).items():
        values = tuple(_value([row for row in of_level if column.holds(row)], cells) for column in columns)
        if any(values):
            sparsities = [row.sparsity for row in of_level if row.sparsity is not None]
            lines.append(LevelLine(network, level, fmean(sparsities) if sparsities else None, values))
    return ResultsTable(tuple(columns), tuple(lines))


def _value(rows: Sequence[Row], cells: Mapping[Key, Cell]) -> Value | None:
    if not rows:
        return None
    amiss, partly = any(row.outcomes for row in rows), any(row.value is not None and not row.whole for row in rows)
    return Value(cells.get(key_of(rows[0])), rows[0].metric, tasks_of(rows), amiss, anchor_of(rows[0]), partly)


def _by_level(rows: Iterable[Row]) -> dict[tuple[str, int], list[Row]]:
    """The rows of each (network, level). The dense level that members of a family share stands with the first alone."""
    levels: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        levels.setdefault((row.network, row.level), []).append(row)
    dense: dict[str, set[str]] = {}
    for network, level in list(levels):
        family, bracket, _ = network.partition("[")
        if bracket and not level:
            tasks = set(tasks_of(levels[network, level]))
            if dense.setdefault(family, tasks) >= tasks and dense[family] is not tasks:
                del levels[network, level]
    order = {network: place for place, network in enumerate(dict.fromkeys(network for network, _ in levels))}
    return {place: levels[place] for place in sorted(levels, key=lambda place: (order[place[0]], place[1]))}


def _columns(rows: Sequence[Row]) -> list[Column]:
    """In the order of the measures; of one, by k. A step can be spelled in two ways: the first heads the column.

    Where members of families are each measured at their own rewind point, it is one column.
    """
    order = {measure: place for place, measure in enumerate(dict.fromkeys(row.measure for row in rows))}
    unique: dict[tuple, Column] = {}
    for row in rows:
        if row.headline:
            column = Column(row.measure, row.metric, row.at_updates, row.k, row.way)
            unique.setdefault((row.measure, row.metric, row.k_updates, row.way), column)
    columns = sorted(unique.values(), key=lambda column: (order[column.measure], column.at_updates, column.metric.name))
    return list(dict.fromkeys(_each_its_own(column, rows) for column in columns))


def _each_its_own(column: Column, rows: Sequence[Row]) -> Column:
    steps: dict[str, set[int]] = {}
    for row in rows:
        if (row.measure, row.metric) == (column.measure, column.metric):
            steps.setdefault(row.network, set()).add(row.at_updates)
    one_each = all("rewind=" in network and len(ks) == 1 for network, ks in steps.items())
    if one_each and len(set.union(*steps.values())) > 1:
        return Column(column.measure, column.metric, EACH_ITS_OWN, "rewind")
    return column
