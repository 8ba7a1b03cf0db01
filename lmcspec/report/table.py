"""The results of a study as tables in the terminal: mean, spread, n, and verdicts in words."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lmcspec.base import spread
from lmcspec.catalog.metric import POLICIES
from lmcspec.plan import Plan
from lmcspec.report.noise import WORDS
from lmcspec.report.results_table import ResultsTable, case_table
from lmcspec.report.summary import place_of
from lmcspec.report.tidy import Row, at_the_end, measure_of

if TYPE_CHECKING:
    from rich.console import RenderableType

ABREAST = 4
"""Columns of values side by side; more go into another table beneath."""


def table(plan: Plan, rows: Sequence[Row]) -> Iterator["RenderableType"]:
    """Per case a line per level of each network and a column per measure and k; then the verdicts, then the gaps."""
    from rich.text import Text

    ended = at_the_end(rows)
    cases = {case: case_table(plan, rows, case) for case in dict.fromkeys(row.case for row in ended)}
    for place, (case, part) in enumerate(cases.items()):
        if place:
            yield Text()
        yield Text(f"{plan.study}, {case}" if case else plan.study, style="bold")
        for first in range(0, len(part.results.columns), ABREAST):
            yield _grid(part.results.part(first, first + ABREAST))
        if part.verdicts:
            yield _pairs(part.verdicts)
        yield from (Text(f"  {line}", style="yellow") for line in part.gaps)
    if ended:
        yield Text(_legend(plan, ended, any(part.results.has_floors for part in cases.values())), style="dim")


def _grid(results: ResultsTable) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    # Names may hold brackets, which rich would take for markup: everything goes in as Text.
    grid = Table(box=None, pad_edge=False, header_style="dim")
    grid.add_column("network", no_wrap=True)
    grid.add_column("level", justify="right")
    grid.add_column("sparsity", justify="right")
    for column in results.columns:
        grid.add_column(Text(column.heading), justify="right")
    before = None
    for line in results.lines:
        network = "" if line.network == before else line.network
        values = [value.text if value else "" for value in line.values]
        grid.add_row(*map(Text, [network, str(line.level), line.sparsity_text, *values]))
        before = line.network
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


def _legend(plan: Plan, rows: Sequence[Row], floors: bool) -> str:
    parts = ["mean ± sample standard deviation over replicates (n)"]
    legends = dict.fromkeys(row.metric.legend for row in rows if row.metric.legend)
    averaged = f", {said}" if legends and (said := _usual_policy(rows)) else ""
    parts += [f"{legend}{averaged}" for legend in legends]
    if floors:
        parts.append(WORDS)
    thresholds = {verdict.measure: verdict.threshold for verdict in plan.verdicts if verdict.threshold}
    for threshold in sorted(set(thresholds.values())):
        names = ", ".join(name for name, below in thresholds.items() if below == threshold)
        parts.append(
            f"{names}: stable below {100 * threshold:g}" if len(thresholds) > 1 else f"stable below {100 * threshold:g}"
        )
    return "; ".join(parts)


def _usual_policy(rows: Sequence[Row]) -> str:
    """What the usual policy on a path is, where others made a difference anywhere."""
    made: set[str] = set()
    values: dict[tuple, float | None]
    values = {(row.measure, row.metric, *place_of(row), row.replicate): row.value for row in rows}
    for (measure, metric, *place), value in values.items():
        if metric.policy not in ("", POLICIES[0]):
            usual = (measure, measure_of(metric.measure).metrics.like(metric, policy=POLICIES[0]), *place)
            if usual in values and not spread.alike(values[usual], value):
                made.add(metric.policy)
    if "recompute" in made:
        return "batch norm's statistics averaged"
    return "not repaired" if made else ""
