"""Accuracy on the way: what a level's own training is worth at every so many of its steps, a line for each network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from lmcspec.report.figures.by_sparsity import pooled_words
from lmcspec.report.figures.by_step import named, shown_levels
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw, points_of
from lmcspec.report.figures.lines import CROWDED, Line, MeanPoint, spreads_of
from lmcspec.report.figures.metrics import check_y, y_of
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.panels import Panel, panels_of
from lmcspec.report.figures.sparsity_axis import gaps
from lmcspec.report.figures.step_axis import on_the_way, over_training, point_of
from lmcspec.report.figures.style import Drawing, looks_of_places
from lmcspec.report.summary import Cell
from lmcspec.report.tidy import Row

USUAL = ("chance", "dead-layer")
"""What is no surprise on the way: at its first step a network guesses, whatever becomes of it."""


def accuracy(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A panel for all, or one per case or network; a line per network at its dense and its sparsest measured level.

    `x` is `epoch` or `step`, both counted from the initialisation: a level that is rewound begins where it goes back
    to. The last point is the end of training.
    """
    check_y(cases, options, "accuracy")
    y = y_of(cases[0], options, "accuracy")
    title = f"{y.metric.title} through training"
    shown: list[LinePanel] = []
    notes: list[str] = []
    for panel in panels_of(cases, options, "accuracy"):
        row = Plotted(y, list(_lines(panel)))
        shown.append(LinePanel(panel.title, [row], partial(over_training, options)))
        gaps_of_row = gaps(row.points, on_the_way)
        notes += [f"{panel.title}: {note}" if panel.title else note for note in gaps_of_row]
    if not any(panel.rows[0].lines for panel in shown):
        note = 'no network is looked at on its way: say `through = "1ep"` in the measure'
        return Drawing(name, title, None, notes=(note,))
    figure = draw(shown, Frame(2.9), options)
    cells = [cell for panel in shown for cell in panel.cells]
    caption = "States of each level's own training; means over replicates, "
    caption += f"{spreads_of(points_of(shown))} one sample standard deviation."
    return Drawing(name, title, figure, caption + pooled_words(options, cells), tuple(notes))


def _lines(panel: Panel) -> Iterator[Line]:
    case, options = panel.results, panel.options
    y = y_of(case, options, "accuracy")
    rows = case.of(y.measures, y.metric, options, on_the_way=True)
    followed = {(row.network, row.level) for row in rows if row.through is not None}
    rows = [row for row in rows if (row.network, row.level) in followed]
    shown = shown_levels(case, rows, options)
    for (network, level), look in looks_of_places(case, shown).items():
        steps: dict[int | None, Row] = {}
        for row in rows:
            if (row.network, row.level) == (network, level):
                steps.setdefault(row.through, row)
        points = sorted((_point(case, row, options) for row in steps.values()), key=lambda point: point.x)
        if len(points) > CROWDED:
            look = replace(look, marker="")
        yield Line(named(case, network, level), look, points)


def _point(case: CaseResults, row: Row, options: Options) -> MeanPoint:
    point = point_of(case, row, options)
    return point if row.through is None else replace(point, cell=_expected(point.cell))


def _expected(cell: Cell | None) -> Cell | None:
    """A cell on the way without what is said of networks that have only begun."""
    if cell is None:
        return None
    unusual: Mapping[str, int] = {outcome: count for outcome, count in cell.told.items() if outcome not in USUAL}
    return replace(cell, outcomes=tuple(sorted(unusual)), told=unusual)
