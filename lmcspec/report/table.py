"""The results of a study as tables in the terminal: mean, spread, n, and verdicts in words."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lmcspec.base import spread
from lmcspec.base.grid import Column, Grid
from lmcspec.catalog.metric import POLICIES
from lmcspec.plan import Plan
from lmcspec.report.difference_words import OVER_REPLICATES
from lmcspec.report.noise import WORDS
from lmcspec.report.results_table import case_table
from lmcspec.report.summary import place_of
from lmcspec.report.text_table import in_terminal, results_in_words
from lmcspec.report.tidy import Row, at_the_end, measure_of

if TYPE_CHECKING:
    from rich.console import RenderableType


def table(plan: Plan, rows: Sequence[Row]) -> Iterator["RenderableType"]:
    """Per case a line per level of each network and a column per measure and k; then the verdicts, then the gaps."""
    from rich.text import Text

    ended = at_the_end(rows)
    cases = {case: case_table(plan, rows, case) for case in dict.fromkeys(row.case for row in ended)}
    for place, (case, part) in enumerate(cases.items()):
        if place:
            yield Text()
        yield Text(f"{plan.study}, {case}" if case else plan.study, style="bold")
        yield in_terminal(results_in_words(part.results))
        if part.verdicts:
            yield _pairs(part.verdicts)
        yield from (Text(f"  {line}", style="yellow") for line in part.gaps)
    if ended:
        yield Text(_legend(plan, ended, any(part.results.has_floors for part in cases.values())), style="dim")


def _pairs(lines: Sequence[tuple[str, str]]) -> "RenderableType":
    """Name and words, the words indented where they go on in another line."""
    return Grid((Column("", names=True), Column("")), [(f"  {name}", words) for name, words in lines])


def _legend(plan: Plan, rows: Sequence[Row], floors: bool) -> str:
    parts = [OVER_REPLICATES]
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
