"""Instability on the way: states of two copies at every so many steps of their training, a line for each k."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from lmcspec.report.figures.by_sparsity import below_threshold, pooled_words
from lmcspec.report.figures.by_step import named, shown_levels
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw, from_zero
from lmcspec.report.figures.lines import Line, LineStyle, floors_of
from lmcspec.report.figures.metrics import check_y, threshold_of, y_of
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.panels import Panel, panels_of
from lmcspec.report.figures.sparsity_axis import gaps
from lmcspec.report.figures.step_axis import on_the_way, over_training, point_of
from lmcspec.report.figures.style import MARKERS, Drawing, shades
from lmcspec.report.tidy import Row

Key = tuple[str, int, int]
"""(network, level, k in updates)."""


def training(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A panel per network at its sparsest measured level and for dense, or per case; a line per k.

    The last point of a line is the end of training. `x` is `epoch` or `step`.
    """
    what = options.y if isinstance(options.y, str) else "instability"
    check_y(cases, options, what)
    panels = _panels(cases, options)
    y = y_of(cases[0], options, what)
    if not panels:
        return Drawing(name, name, None, notes=("no copies are compared on their way: say `through` in the measure",))
    steps = dict(
        sorted({at: k for _, lines in panels for (_, _, at), of_line in lines.items() for k in [of_line[0].k]}.items())
    )
    colours = dict(zip(steps, shades(len(steps)), strict=True))
    marks = {at: MARKERS[place % len(MARKERS)] for place, at in enumerate(steps)}
    shown: list[LinePanel] = []
    notes: list[str] = []
    for panel, of_k in panels:
        lines = []
        for (_, _, at), rows in sorted(of_k.items(), key=lambda item: item[0][2]):
            points = [point_of(panel.results, row, options) for row in rows]
            look = LineStyle(colours[at], marks[at] if len(points) <= 25 else "", "-")
            lines.append(Line(f"k = {steps[at]}", look, points))
        row = Plotted(y, lines, threshold=threshold_of(panel.results, y))
        shown.append(LinePanel(panel.title, [row], partial(over_training, options)))
        notes += [f"{panel.title}: {note}" for note in gaps(row.points, on_the_way)]
    figure = draw(shown, Frame(2.9), options, from_zero, [f"k = {k}" for k in steps.values()])
    cells = [cell for panel in shown for cell in panel.cells]
    threshold = max(panel.rows[0].threshold for panel in shown)
    caption = "Copies part at k; from then on their states after equally many updates are compared."
    caption += below_threshold(threshold) + pooled_words(options, cells) + floors_of(cells)
    return Drawing(name, f"{y.metric.title} through training", figure, caption, tuple(notes))


def _panels(cases: Sequence[CaseResults], options: Options) -> list[tuple[Panel, dict[Key, list[Row]]]]:
    """Panels with their lines by k. Where cases are panels each shows its first network, at its sparsest level."""
    panels = []
    by_case = options.panels == "case"
    for panel in panels_of(cases, options if by_case else replace(options, panels=None), "stability"):
        case = panel.results
        y = y_of(case, options, options.y if isinstance(options.y, str) else "instability")
        rows = case.of(y.measures, y.metric, options, on_the_way=True)
        on_the_way = {(row.measure, row.network, row.level) for row in rows if row.through is not None}
        rows = [row for row in rows if (row.measure, row.network, row.level) in on_the_way]
        shown = shown_levels(case, rows, options)
        for network, level in shown[:1] if by_case else shown:
            lines: dict[Key, list[Row]] = {}
            for row in rows:
                if (row.network, row.level) == (network, level):
                    lines.setdefault((network, level, row.at_updates), []).append(row)
            title = panel.title if by_case else named(case, network, level)
            panels.append((Panel(title, case, panel.options), {key: _once(of_line) for key, of_line in lines.items()}))
    return panels


def _once(rows: Sequence[Row]) -> list[Row]:
    """One row for each point: those of other replicates are in its mean."""
    return list({row.through: row for row in reversed(rows)}.values())[::-1]
