"""Instability on the way: states of two copies at every so many steps of their training, a line for each k."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lmcspec.report.figures.by_sparsity import below_threshold, draw_threshold, pooled_words
from lmcspec.report.figures.by_step import named, shown_levels
from lmcspec.report.figures.given import Given
from lmcspec.report.figures.lines import Look, Point, counted, draw_line, floors_of
from lmcspec.report.figures.metrics import check_y, threshold_of, y_of
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.panels import Panel, grid, panels_of, same_scale
from lmcspec.report.figures.sparsity_axis import gaps
from lmcspec.report.figures.step_axis import from_the_start, on_the_way
from lmcspec.report.figures.style import MARKERS, Drawing, drawn, legend, name_panel, name_y, shades
from lmcspec.report.summary import Cell
from lmcspec.report.tidy import Row

Key = tuple[str, int, int]
"""(network, level, k in updates)."""


def training(givens: Sequence[Given], options: Options, name: str) -> Drawing:
    """A panel per network at its sparsest measured level and for dense, or per case; a line per k.

    The last point of a line is the end of training. `x` is `epoch` or `step`.
    """
    check_y(givens, options, options.y if isinstance(options.y, str) else "instability")
    panels = _panels(givens, options)
    y = y_of(givens[0], options, options.y if isinstance(options.y, str) else "instability")
    if not panels:
        return Drawing(name, name, None, notes=("no copies are compared on their way: say `through` in the measure",))
    steps = dict(
        sorted({at: k for _, lines in panels for (_, _, at), own in lines.items() for k in [own[0].k]}.items())
    )
    colours = dict(zip(steps, shades(len(steps)), strict=True))
    marks = {at: MARKERS[place % len(MARKERS)] for place, at in enumerate(steps)}
    epochs = options.x != "step"
    with drawn():
        made = grid(len(panels), high=2.9, shared=same_scale(options))
        handles: dict[str, Any] = {}
        cells: list[Cell] = []
        notes: list[str] = []
        threshold = 0.0
        for (panel, lines), (axes,), first in zip(panels, made.axes, made.first, strict=True):
            own_lines: dict[str, list[Point]] = {}
            for (_, _, at), rows in sorted(lines.items(), key=lambda item: item[0][2]):
                per = panel.given.per_epoch(rows[0]) if epochs else 1
                points = [
                    Point(panel.given.until(row) / per, panel.given.cell(row, options), panel.given.why(row))
                    for row in rows
                ]
                cells += [point.cell for point in points if point.cell]
                look = Look(colours[at], marks[at] if len(points) <= 25 else "", "-")
                line = draw_line(axes, points, look, f"k = {steps[at]}", y.scale)
                handles.setdefault(str(line.get_label()), line)
                own_lines[f"k = {steps[at]}"] = points
            own = threshold_of(panel.given, y)
            threshold = max(threshold, own)
            draw_threshold(axes, own)
            name_panel(axes, panel.title)
            notes += [f"{panel.title}: {note}" for note in gaps(own_lines, on_the_way)]
            from_the_start(axes, own_lines.values())
            axes.set_xlabel("epochs of training" if epochs else "iterations of training")
            if first:
                name_y(axes, y.metric.label())
        for (axes,) in made.axes:
            axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        ordered = [handles[f"k = {k}"] for k in steps.values()]
        legend(made.figure, ordered, counted(cells, options.band == "all"))
    caption = "Copies part at k; from then on their states after equally many updates are compared."
    caption += below_threshold(threshold) + pooled_words(options, cells) + floors_of(cells)
    return Drawing(name, f"{y.metric.title} through training", made.figure, caption, tuple(notes))


def _panels(givens: Sequence[Given], options: Options) -> list[tuple[Panel, dict[Key, list[Row]]]]:
    """Panels with their lines by k. Where cases are panels each shows its first network, at its sparsest level."""
    found = []
    by_case = options.panels == "case"
    for panel in panels_of(givens, options if by_case else replace(options, panels=None), "stability"):
        given = panel.given
        y = y_of(given, options, options.y if isinstance(options.y, str) else "instability")
        rows = given.of(y.measures, y.metric, options, on_the_way=True)
        on_the_way = {(row.measure, row.network, row.level) for row in rows if row.through is not None}
        rows = [row for row in rows if (row.measure, row.network, row.level) in on_the_way]
        shown = shown_levels(given, rows, options)
        for network, level in shown[:1] if by_case else shown:
            lines: dict[Key, list[Row]] = {}
            for row in rows:
                if (row.network, row.level) == (network, level):
                    lines.setdefault((network, level, row.at_updates), []).append(row)
            title = panel.title if by_case else named(given, network, level)
            found.append((Panel(title, given, panel.options), {key: _once(own) for key, own in lines.items()}))
    return found


def _once(rows: Sequence[Row]) -> list[Row]:
    """One row for each point: those of other replicates are in its mean."""
    return list({row.through: row for row in reversed(rows)}.values())[::-1]
