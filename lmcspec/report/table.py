"""The results of a study as a table in the terminal: mean, spread, n, and verdicts in words."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from lmcspec.plan import Plan
from lmcspec.report.summary import Cell, Key, summarise
from lmcspec.report.tidy import HEADLINE, Row
from lmcspec.report.verdicts import matching_level, stable

if TYPE_CHECKING:
    from rich.console import RenderableType


def table(plan: Plan, rows: Sequence[Row]) -> Iterator["RenderableType"]:
    """One table per case: a line per level of each network, a column per measure and k; then the verdicts."""
    from rich.text import Text

    cells = summarise(rows)
    for case in dict.fromkeys(row.case for row in rows):
        own = [row for row in rows if row.case == case]
        yield Text(f"{plan.study}{f', {case}' if case else ''}", style="bold")
        yield _grid(own, cells)
        yield from _matching(own, cells)
    yield from (Text(line, style="yellow") for line in gaps(rows))
    yield Text("mean ± sample standard deviation over replicates (n); instability in points of test error", style="dim")


Column = tuple[str, str, int, str]
"""(measure, headline metric, k in updates, k as written)."""


def _grid(rows: Sequence[Row], cells: Mapping[Key, Cell]) -> "RenderableType":
    from rich.table import Table

    columns = _columns(rows)
    grid = Table(box=None, pad_edge=False, header_style="dim")
    grid.add_column("network")
    grid.add_column("level", justify="right")
    grid.add_column("sparsity", justify="right")
    for measure, _, _, at in columns:
        grid.add_column(f"{measure} k={at}" if at else f"{measure} %", justify="right")
    shown = None
    for case, network, level in dict.fromkeys((row.case, row.network, row.level) for row in rows):
        own = [row for row in rows if (row.network, row.level) == (network, level)]
        sparsities = [row.sparsity for row in own if row.sparsity is not None]
        values = [_value(cells.get((case, network, level, measure, metric, at))) for measure, metric, at, _ in columns]
        sparsity = f"{fmean(sparsities):.1%}" if sparsities else "?"
        grid.add_row("" if network == shown else network, str(level), sparsity, *values)
        shown = network
    return grid


def _columns(rows: Sequence[Row]) -> list[Column]:
    headlines = set(HEADLINE.values())
    found = {(row.measure, row.metric, row.at_updates, row.at) for row in rows if row.metric in headlines}
    order = {row.measure: place for place, row in reversed(list(enumerate(rows)))}
    # One step can be spelled in two ways; the first spelling heads the column.
    unique: dict[tuple, Column] = {}
    for column in sorted(found, key=lambda one: (order[one[0]], one[2], one[3])):
        unique.setdefault(column[:3], column)
    return list(unique.values())


def _value(cell: Cell | None) -> str:
    if cell is None:
        return ""
    spread = "" if cell.std is None else f" ± {100 * cell.std:.2f}"
    note = f" {','.join(cell.outcomes)}" if cell.outcomes else ""
    return f"{100 * cell.mean:.2f}{spread} ({cell.n}){note}"


def _matching(rows: Sequence[Row], cells: Mapping[Key, Cell]) -> Iterator["RenderableType"]:
    """Verdicts: who is stable where, and the sparsest level that matches dense."""
    from rich.text import Text

    for line in verdicts(rows, cells):
        yield Text(line)


def verdicts(rows: Sequence[Row], cells: Mapping[Key, Cell], threshold: float = 0.02) -> list[str]:
    """The verdicts in words, each with its n."""
    lines = []
    for network in dict.fromkeys(row.network for row in rows):
        own = [row for row in rows if row.network == network]
        words = []
        for measure, level, k, at in dict.fromkeys(
            (row.measure, row.level, row.at_updates, row.at) for row in own if row.metric == HEADLINE["stability"]
        ):
            cell = cells.get((own[0].case, network, level, measure, HEADLINE["stability"], k))
            if cell is not None:
                words.append(f"{stable(cell, threshold)} at level {level} from k = {at}")
        accuracies = {
            row.level: cells[row.case, network, row.level, row.measure, row.metric, 0]
            for row in own
            if row.metric == HEADLINE["accuracy"] and row.value is not None
        }
        if 0 in accuracies and len(accuracies) > 1:
            level, verdict = matching_level(accuracies, accuracies[0])
            words.append(f"matching up to level {level} (n = {verdict.n})" if level else f"matching: {verdict}")
        if words:
            lines.append(f"  {network}: {'; '.join(_merged(words))}")
    return lines


def _merged(words: list[str]) -> list[str]:
    undecided = [word for word in words if word.startswith("undecided")]
    if len(undecided) > 1:
        n = undecided[0].partition(")")[0].partition("(")[2]
        return [f"stability undecided ({n}, verdicts need 3)", *(word for word in words if word not in undecided)]
    return words


def gaps(rows: Sequence[Row]) -> list[str]:
    """What is not there, or ended otherwise than well, in words."""
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.outcome != "ok" and row.metric in HEADLINE.values():
            key = (row.network, row.outcome)
            found[key] = found.get(key, 0) + 1
    return [f"  {network}: {count} results are {outcome}" for (network, outcome), count in found.items()]
