"""The results of a study as tables in the terminal: mean, spread, n, and verdicts in words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from lmcspec.base import spread
from lmcspec.catalog import Metric
from lmcspec.catalog.metric import POLICIES
from lmcspec.plan import Plan
from lmcspec.report.noise import WORDS
from lmcspec.report.summary import Cell, Key, key_of, place_of, summarise
from lmcspec.report.tidy import Row, at_the_end, measure_of
from lmcspec.report.words import gaps, in_its_unit, verdicts

if TYPE_CHECKING:
    from rich.console import RenderableType

ABREAST = 4
"""Columns of values side by side; more go into another table beneath."""


def table(plan: Plan, rows: Sequence[Row]) -> Iterator["RenderableType"]:
    """Per case a line per level of each network and a column per measure and k; then the verdicts, then the gaps."""
    from rich.text import Text

    cells = summarise(rows)
    everything, rows = rows, at_the_end(rows)
    for place, case in enumerate(dict.fromkeys(row.case for row in rows)):
        if place:
            yield Text()
        own = [row for row in rows if row.case == case]
        yield Text(f"{plan.study}, {case}" if case else plan.study, style="bold")
        columns = columns_of(own)
        for first in range(0, len(columns), ABREAST):
            yield _grid(own, cells, columns[first : first + ABREAST])
        asked = [verdict for verdict in plan.verdicts if verdict.case == case]
        if lines := verdicts(own, cells, asked):
            yield _pairs(lines)
        yield from (Text(f"  {line}", style="yellow") for line in gaps(row for row in everything if row.case == case))
    if rows:
        yield Text(_legend(plan, rows, cells), style="dim")


Column = tuple[str, Metric, int, str]
"""(measure, headline metric, k in updates, k as written)."""
OWN = -1
"""In place of k: each network at its own rewind point."""


def _grid(rows: Sequence[Row], cells: Mapping[Key, Cell], columns: Sequence[Column]) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    # Names may hold brackets, which rich would take for markup: everything goes in as Text.
    grid = Table(box=None, pad_edge=False, header_style="dim")
    grid.add_column("network", no_wrap=True)
    grid.add_column("level", justify="right")
    grid.add_column("sparsity", justify="right")
    for column in columns:
        grid.add_column(Text(heading(column)), justify="right")
    shown = None
    for (network, level), own in places_of(rows).items():
        behind = [in_column(own, column) for column in columns]
        if not any(behind):
            continue
        sparsities = [row.sparsity for row in own if row.sparsity is not None]
        sparsity = f"{fmean(sparsities):.1%}" if sparsities else "?"
        values = [
            in_its_unit(cells.get(key_of(one[0])), one[0].metric.unit, floor=True) if one else "" for one in behind
        ]
        grid.add_row(*map(Text, ["" if network == shown else network, str(level), sparsity, *values]))
        shown = network
    return grid


def _pairs(lines: Sequence[tuple[str, str]]) -> "RenderableType":
    """Name and words, the words indented where they go on in another line."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for name, words in lines:
        grid.add_row(Text(f"  {name}"), Text(words))
    return grid


def places_of(rows: Iterable[Row]) -> dict[tuple[str, int], list[Row]]:
    """The rows of each (network, level). The dense level that members of a family share stands with the first alone."""
    found: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        found.setdefault((row.network, row.level), []).append(row)
    dense: dict[str, set[str]] = {}
    for network, level in list(found):
        family, bracket, _ = network.partition("[")
        if bracket and not level:
            tasks = {row.task for row in found[network, level]}
            if dense.setdefault(family, tasks) >= tasks and dense[family] is not tasks:
                del found[network, level]
    order = {network: place for place, network in enumerate(dict.fromkeys(network for network, _ in found))}
    return {place: found[place] for place in sorted(found, key=lambda place: (order[place[0]], place[1]))}


def in_column(own: Iterable[Row], column: Column) -> list[Row]:
    """Those of the rows of a place that stand in a column."""
    measure, metric, at, _ = column
    return [row for row in own if (row.measure, row.metric) == (measure, metric) and at in (OWN, row.at_updates)]


def columns_of(rows: Sequence[Row]) -> list[Column]:
    """In the order of the measures; of one, by k. A step can be spelled in two ways: the first heads the column.

    Where members of families are each measured at their own rewind point, it is one column.
    """
    order = {measure: place for place, measure in enumerate(dict.fromkeys(row.measure for row in rows))}
    unique: dict[tuple, Column] = {}
    for row in rows:
        if row.headline:
            unique.setdefault(
                (row.measure, row.metric, row.at_updates), (row.measure, row.metric, row.at_updates, row.k)
            )
    columns = sorted(unique.values(), key=lambda column: (order[column[0]], column[2], column[1].name))
    return list(dict.fromkeys(_at_own(column, rows) for column in columns))


def _at_own(column: Column, rows: Sequence[Row]) -> Column:
    measure, metric, *_ = column
    steps: dict[str, set[int]] = {}
    for row in rows:
        if (row.measure, row.metric) == (measure, metric):
            steps.setdefault(row.network, set()).add(row.at_updates)
    each_its_own = all("rewind=" in network and len(own) == 1 for network, own in steps.items())
    return (measure, metric, OWN, "rewind") if each_its_own and len(set.union(*steps.values())) > 1 else column


def heading(column: Column) -> str:
    """`accuracy %`, `instability k=3ep`, and what it is taken on where that is not the usual.

    A measure with a name of its own goes by that.
    """
    measure, metric, _, k = column
    if not k:
        return f"{measure} %" if metric.unit.sign else f"{measure} ({metric.name})"
    name = metric.column if metric.column and measure == metric.measure else measure
    return f"{name} k={k}" + (f" ({', '.join(metric.apart)})" if metric.apart else "")


def _legend(plan: Plan, rows: Sequence[Row], cells: Mapping[Key, Cell]) -> str:
    parts = ["mean ± sample standard deviation over replicates (n)"]
    if any(row.metric.quantity == "instability" for row in rows):
        averaged = ", batch norm's statistics averaged" if _has_policies(rows) else ""
        parts.append(f"instability in points of test error{averaged}")
    if any(cells[key_of(row)].floor for row in rows if row.headline and row.noise):
        parts.append(WORDS)
    thresholds = {verdict.measure: verdict.threshold for verdict in plan.verdicts if verdict.kind == "stability"}
    for threshold in sorted(set(thresholds.values())):
        names = ", ".join(name for name, own in thresholds.items() if own == threshold)
        parts.append(
            f"{names}: stable below {100 * threshold:g}" if len(thresholds) > 1 else f"stable below {100 * threshold:g}"
        )
    return "; ".join(parts)


def _has_policies(rows: Sequence[Row]) -> bool:
    """Whether the policies for batch norm on a path made a difference anywhere."""
    values: dict[tuple, float | None]
    values = {(row.measure, row.metric, *place_of(row), row.replicate): row.value for row in rows}
    for (measure, metric, *place), value in values.items():
        if metric.policy not in ("", POLICIES[0]):
            usual = (measure, measure_of(metric.measure).metrics.like(metric, policy=POLICIES[0]), *place)
            if usual in values and not spread.alike(values[usual], value):
                return True
    return False
