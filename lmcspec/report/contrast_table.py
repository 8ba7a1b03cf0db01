"""Comparisons within a study in words: what a terminal prints and a page shows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from lmcspec.catalog.metric import Unit
from lmcspec.report.contrast import Contrast, Spot
from lmcspec.report.difference_words import LEGEND, SAME, UNPAIRED, are_paired, in_words, intervals_in_words
from lmcspec.report.replicates import FEWEST, MOST
from lmcspec.report.results_table import Column
from lmcspec.report.text_table import TextCell, TextTable, in_terminal
from lmcspec.report.tidy import Row
from lmcspec.report.verdicts import UNDECIDED
from lmcspec.report.within import PlacesCompared
from lmcspec.report.words import gaps as missing
from lmcspec.report.words import in_its_unit

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADINGS = ("measure", "level", "sparsity", "A", "B", "B - A", "n", "B is")


def table(study: str, compared: Sequence[PlacesCompared], rows: Sequence[Row]) -> Iterator["RenderableType"]:
    """Pair by pair of networks the table, what of either is left out, and what is missing or collapsed."""
    from rich.text import Text

    for number, places in enumerate(compared):
        if number:
            yield Text()
        yield Text(f"{study}  A {places.a}  B {places.b}", style="bold")
        yield in_terminal(contrasts_in_words(places.contrasts))
        yield from (Text(f"  {line}", style="yellow") for line in lacking(places, rows))
    yield Text(legend([contrast for places in compared for contrast in places.contrasts]), style="dim")


def lacking(places: PlacesCompared, rows: Sequence[Row]) -> list[str]:
    """What of either network is left out, missing or collapsed, a line each."""
    lines = [str(left) for left in places.left_out]
    measures = {spot.measure for contrast in places.contrasts for spot in (contrast.a, contrast.b)}
    for place in (places.a, places.b):
        of_place = [row for row in rows if (row.case, row.network) == place and row.measure in measures]
        lines += [f"{place.case}/{line}" if place.case else line for line in missing(of_place)]
    return lines


def contrasts_in_words(contrasts: Iterable[Contrast]) -> TextTable:
    """A line per measure, k and level; each number names the tasks behind it."""
    lines = tuple(
        (
            TextCell(heading(contrast)),
            TextCell(_both(str(contrast.a.level), str(contrast.b.level))),
            TextCell(_both(_sparsity(contrast.a), _sparsity(contrast.b))),
            _number(contrast.a, contrast.metric.unit),
            _number(contrast.b, contrast.metric.unit),
            TextCell(difference(contrast)),
            TextCell(str(contrast.n) if contrast.n else ""),
            TextCell(verdict(contrast)),
        )
        for contrast in contrasts
    )
    return TextTable(HEADINGS, lines, words=1, places=2)


def heading(contrast: Contrast) -> str:
    """`accuracy %`, `instability k=3ep`; `k=0 / 500it` from each network's rewind point."""
    a, b = contrast.a, contrast.b
    column = Column(_both(a.measure, b.measure), contrast.metric, k=_both(a.k, b.k), under=contrast.under)
    return column.heading


def difference(contrast: Contrast) -> str:
    """`+1.20 [+0.31, +2.09]`; why there is no interval where there is none."""
    gap = contrast.gap
    if gap is None or contrast.same:
        return SAME if contrast.same and gap is not None else ""
    unpaired = f" {UNPAIRED}" if gap.interval is not None and not gap.pairs else ""
    return in_words(gap, contrast.metric.unit) + unpaired


def verdict(contrast: Contrast) -> str:
    """`larger`; `undecided: 12 replicates` with what it asks for."""
    if contrast.same or contrast.verdict != UNDECIDED or contrast.gap is None:
        return "" if contrast.same else contrast.verdict
    if contrast.negligible:
        unit = contrast.metric.unit
        return f"undecided, but less than {unit.scale * contrast.threshold:g} {unit.sign} apart"
    if contrast.needed is not None:
        return f"undecided: {contrast.needed:,} replicates"
    if contrast.single:
        return "undecided: one side is one network"
    return "undecided: all differ alike" if not contrast.gap.spreads else f"undecided: over {MOST:,} replicates"


def legend(contrasts: Sequence[Contrast]) -> str:
    """What numbers, intervals and verdicts are."""
    gaps = [contrast.gap for contrast in contrasts if not contrast.same]
    parts = [LEGEND, intervals_in_words(gaps)]
    if are_paired(gaps):
        parts.append(f"larger, smaller: B than A, where that excludes 0 and n is {FEWEST} or more")
    if any(_both(_sparsity(contrast.a), _sparsity(contrast.b)) != _sparsity(contrast.a) for contrast in contrasts):
        parts.append("where A and B have no level of equal sparsity, those nearest to it are compared")
    return "; ".join(filter(None, parts))


def _number(spot: Spot, unit: Unit) -> TextCell:
    amiss = spot.cell is None or bool(spot.cell.outcomes)
    return TextCell(in_its_unit(spot.cell, unit), spot.tasks, amiss)


def _sparsity(spot: Spot) -> str:
    return f"{1 - spot.density:.1%}"


def _both(a: str, b: str) -> str:
    return a if a == b else f"{a} / {b}"
