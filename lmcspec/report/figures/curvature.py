"""The Hessian's diagonal: how its values are distributed, and their numbers as a table."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lmcspec.base import spread
from lmcspec.catalog import Metric
from lmcspec.plan import Target
from lmcspec.report.figures.by_step import named
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw
from lmcspec.report.figures.lines import Line, LineStyle, MeanPoint
from lmcspec.report.figures.metrics import OnY
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.style import Drawing, looks_of_places
from lmcspec.report.summary import Cell, Where
from lmcspec.report.text_table import TextCell, TextTable
from lmcspec.report.tidy import Row
from lmcspec.report.words import in_its_unit
from lmcspec.store import Stored

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NUMBERS = {
    "min": "min",
    "max": "max",
    "mean": "mean",
    "std": "std",
    "mean-magnitude": "mean magnitude",
    "entry-error": "standard error of an entry",
    "all/mean": "mean, masked as 0",
    "all/std": "std, masked as 0",
    "all/mean-magnitude": "mean magnitude, masked as 0",
    "trace": "trace",
    "trace-error": "standard error of the trace",
    "eigenvalue-1": "largest eigenvalue",
}
"""What stands in the table, and over which column; a column that nothing has is left out."""
Y = OnY((), Metric(name="share", measure="hessian", quantity="share of surviving weights"))
FINEST = 1e-6
"""Values nearer to 0 are in one bin; the axis is linear there."""
LEAST = 0.1
"""Of a mean share: down to there its spread is drawn, on a log axis."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How the values of one network and level are distributed: shares of each bin, by replicate."""

    label: str
    look: LineStyle
    edges: Sequence[float]
    shares: Sequence[Sequence[float]]
    where: Where


def hessian(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A line per network and level: the share of surviving weights by their diagonal entry; and the paper's table."""
    case = cases[0]
    measure = options.measure or case.measures("hessian")[0]
    spreads = list(_spreads(case, options, measure))
    title = "The Hessian's diagonal"
    if not spreads:
        return Drawing(name, title, None, notes=("no Hessian is in the store yet",))
    reached = [edge for shown in spreads for edge in _filled(shown)]

    def axis(axes: "Axes", row: Plotted, width: float, last: bool) -> None:
        axes.set_xscale("symlog", linthresh=FINEST)
        axes.set_yscale("log")
        axes.minorticks_off()
        axes.set_xlabel("entry of the diagonal")
        axes.set_xlim(2 * min(reached), 2 * max(reached))
        _thin(axes)

    shown = Plotted(Y, [Line(shown.label, replace(shown.look, marker=""), _points(shown)) for shown in spreads])
    figure = draw([LinePanel("", [shown], axis)], Frame(alone=(7.4, 3.6)), options)
    caption = f"Of the mean loss over {_batches(case, measure)}, by surviving weights, biases and norms; bins are "
    caption += "logarithmic, five a decade, and one around 0."
    caption += _cut(shown.lines) + _estimated(case, measure)
    return Drawing(name, title, figure, caption, table=_table(case, options, measure))


def _batches(case: CaseResults, measure: str) -> str:
    """Over what the loss is: minimum, maximum and spread of one batch are wider than those of a mean over several."""
    params = case.plan.tasks[case.targets(measure)[0].task].params
    return f"{'one batch' if params.batches == 1 else f'{params.batches} batches'} of {params.batch} images"


def _cut(lines: Sequence[Line]) -> str:
    """What has to be known of spreads that are not drawn to their lower end."""
    cut = any(point.spread[0] < point.spread[1] for line in lines for point in line.points)
    return (
        f" Spreads that go further down end at {100 * LEAST:.0f} % of the mean: the axis is logarithmic." if cut else ""
    )


def _estimated(case: CaseResults, measure: str) -> str:
    """What has to be known of entries that are estimates; nothing of exact ones."""
    probes = max(case.plan.tasks[target.task].params.probes for target in case.targets(measure))
    if not probes:
        return ""
    return (
        f" Entries are estimated from {probes:,} probes, each with a standard error of its own: "
        "this widens the distribution, min, max and std, and adds to the mean magnitude; mean and trace it leaves."
    )


def _points(shown: Distribution) -> list[MeanPoint]:
    """The mean share of each bin in which there is anything, over its middle."""
    points = []
    for (low, high), column in zip(itertools.pairwise(shown.edges), zip(*shown.shares, strict=True), strict=True):
        mean, std = spread.mean(column), spread.std(column)
        if mean:
            cell = Cell(mean, std, len(column), column, asked=len(column), where=shown.where)
            points.append(MeanPoint((low + high) / 2, cell, least=LEAST * mean))
    return points


def _thin(axes: "Axes") -> None:
    """Name every other power of ten on both sides, since those near 0 would stand on each other."""
    places = [place for place in axes.get_xticks() if place == 0 or round(_power(place)) % 2 == 0]
    axes.set_xticks(places)


def _power(value: float) -> float:
    from math import log10

    return log10(abs(value))


def _filled(shown: Distribution) -> Iterator[float]:
    """The edges of the bins in which there is anything."""
    for place, (low, high) in enumerate(zip(shown.edges, shown.edges[1:], strict=False)):
        if any(shares[place] for shares in shown.shares):
            yield from (low, high)


def _spreads(case: CaseResults, options: Options, measure: str) -> Iterator[Distribution]:
    groups: dict[tuple[str, int, str], list[Target]] = {}
    for target in case.targets(measure, options):
        groups.setdefault((target.network, target.level, target.at), []).append(target)
    seen: set[str] = set()
    shown: dict[tuple[str, int, str], list[Stored]] = {}
    for (network, level, at), of_place in groups.items():
        measured = sorted({other for name, other, _ in groups if name == network})
        if level not in case.levels(network, options.levels, measured) or of_place[0].task in seen:
            continue
        seen.add(of_place[0].task)
        results = [
            stored for target in of_place if (stored := case.store.find(target.task)) and "histogram" in stored.scalars
        ]
        if results:
            shown[network, level, at] = results
    looks = looks_of_places(case, shown)
    for (network, level, at), results in shown.items():
        histograms = [stored.scalars["histogram"] for stored in results]
        edges, _ = _merged(histograms[0]["edges"], histograms[0]["counts"])
        merged = [_merged(histogram["edges"], histogram["counts"])[1] for histogram in histograms]
        shares = [[count / sum(counts) for count in counts] for counts in merged]
        look, where = looks[network, level, at], case.where(groups[network, level, at])
        yield Distribution(_at(named(case, network, level), at), look, edges, shares, where)


def _at(label: str, at: str) -> str:
    """The label with the point of training behind it, where there are several."""
    return f"{label}, k = {at}" if at else label


def _merged(edges: Sequence[float], counts: Sequence[int]) -> tuple[list[float], list[int]]:
    """The histogram with all bins nearer to 0 than FINEST as one."""
    inner = [place for place in range(len(counts)) if edges[place] >= -FINEST and edges[place + 1] <= FINEST]
    first, last = inner[0], inner[-1]
    return (
        [*edges[: first + 1], *edges[last + 1 :]],
        [*counts[:first], sum(counts[first : last + 1]), *counts[last + 1 :]],
    )


def _table(case: CaseResults, options: Options, measure: str) -> TextTable:
    rows: dict[tuple[str, int, str], dict[str, Row]] = {}
    tasks: dict[str, tuple[str, int, str]] = {}
    for row in case.rows:
        wanted = options.networks is None or row.network in options.networks
        if row.measure != measure or not wanted or row.metric.name not in NUMBERS:
            continue
        own_place = (row.network, row.level, row.k)
        if tasks.setdefault(row.task, own_place) == own_place:  # a dense network that several share stands once
            place = own_place
            rows.setdefault(place, {}).setdefault(row.metric.name, row)
    shown = [metric for metric in NUMBERS if any(metric in by_metric for by_metric in rows.values())]
    lines = []
    for (network, level, at), by_metric in rows.items():
        levels = sorted({other for name, other, _ in rows if name == network})
        if level not in case.levels(network, options.levels, levels):
            continue
        line = [TextCell(_at(named(case, network, level), at))]
        for metric in shown:
            row = by_metric.get(metric)
            cell = None if row is None else case.cell(row)
            text = "" if row is None else in_its_unit(cell, row.metric.unit)
            line.append(TextCell(text, cell.where.tasks if cell and cell.where else ()))
        lines.append(tuple(line))
    return TextTable(("network", *(NUMBERS[metric] for metric in shown)), tuple(lines))
