"""The one way in which lines are drawn: panels side by side, axes one above the other in each, and one legend.

A plot says which lines stand in which axes and what is on x; see `by_sparsity`, `by_step` and `through`.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lmcspec.report.figures.agreements import FIXED_POINTS, OF_GROUP
from lmcspec.report.figures.lines import (
    PERCENT,
    Line,
    LineStyle,
    MeanPoint,
    asides,
    counted,
    draw_line,
    drawable,
    has_bars,
)
from lmcspec.report.figures.marks import Mark, put_marks
from lmcspec.report.figures.medium import medium
from lmcspec.report.figures.metrics import OnY
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.panels import grid, same_scale
from lmcspec.report.figures.space import canvas, legend, name_panel, name_x, name_y, width_of_axes
from lmcspec.report.figures.style import DENSE, drawn
from lmcspec.report.summary import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DENSE_LABEL = "dense"
SHARES = (FIXED_POINTS, OF_GROUP)
"""Quantities that are shares of units, in percent."""


@dataclass(frozen=True, slots=True)
class Plotted:
    """The lines of one pair of axes, and what stands on its y axis."""

    y: OnY
    lines: Sequence[Line]
    dense: Cell | None = None
    """The dense network, a grey line with mean ± sample standard deviation."""
    threshold: float = 0.0
    """Below which a network is stable: a dashed line, where it is not 0."""
    title: str = ""
    """What stands above them; above the first of a panel the panel's title unless told."""
    of: str | None = ""
    """What n counts of its means, as a mark has it."""
    over_levels: bool = False
    """Whether their x axis goes from level to level."""

    @property
    def points(self) -> Mapping[str, Sequence[MeanPoint]]:
        """The lines' points by their labels."""
        return {line.label: line.points for line in self.lines}


@dataclass(frozen=True, slots=True)
class LinePanel:
    """A panel: rows of axes over the same x."""

    title: str
    rows: Sequence[Plotted]
    axis: "Callable[[Axes, Plotted, float, bool], None]"
    """`(axes, row, width of the axes in inches, whether they are the last of the panel)`: what is on x."""

    @property
    def cells(self) -> Iterator[Cell]:
        """The means that are drawn."""
        return (point.cell for row in self.rows for line in row.lines for point in line.points if point.cell)


@dataclass(frozen=True, slots=True)
class Frame:
    """How the axes lie: one pair alone is as large as `alone` says, in inches; others stand in a grid."""

    high: float = 2.6
    """Inches of a row of a grid."""
    alone: tuple[float, float] | None = None
    columns: int = 0
    """Panels abreast, each column with a y axis of its own; as many as fit, on one axis, unless told."""
    split_in_label: bool = True
    """Whether the words on y say of which images a number is."""
    counted: bool = True
    """Whether the legend says of what and how many the points are means."""


def draw(
    panels: Sequence[LinePanel],
    frame: Frame,
    options: Options,
    settle: "Callable[[Sequence[tuple[Axes, Plotted]]], None] | None" = None,
    labels: Sequence[str] | None = None,
    keys: Mapping[str, LineStyle] = MappingProxyType({}),
) -> "Figure":
    """Draw the panels; `settle` sees all axes at the end.

    `labels` are those that the legend has, in its order: of all lines as they appear unless told. Behind them stand
    `keys`, which explain looks that several lines have.
    """
    rows = max(len(panel.rows) for panel in panels)
    with drawn():
        alone = frame.alone is not None and len(panels) == rows == 1
        if frame.alone is not None and alone:
            figure, ((only,),) = canvas(1, 1, *frame.alone)
            places, leftmost, width = ((only,),), (True,), width_of_axes(figure, 1, 4.6)
        else:
            made = grid(len(panels), rows, high=frame.high, shared=same_scale(options), columns=frame.columns)
            figure, places, leftmost = made.figure, made.axes, made.first
            width = width_of_axes(figure, made.columns, made.width - 0.4)
        bars = has_bars(points_of(panels))
        handles: dict[str, Any] = {}
        filled: list[tuple[Axes, Plotted]] = []
        for panel, column, first in zip(panels, places, leftmost, strict=True):
            for place, (axes, row) in enumerate(zip(column, panel.rows, strict=True)):
                for line, aside in zip(row.lines, asides([line.points for line in row.lines]), strict=True):
                    handle = draw_line(axes, line.points, line.look, line.label, row.y.scale, bars, aside)
                    handles.setdefault(line.label, handle)
                put_marks(figure, _marks(axes, row, row.title or panel.title))
                if row.dense is not None:
                    band = _draw_dense(axes, row.dense, row.y.scale, bars)
                    if DENSE_LABEL in row.points or DENSE_LABEL not in handles:
                        handles[DENSE_LABEL] = band
                _draw_threshold(axes, row.threshold)
                panel.axis(axes, row, width, place == len(panel.rows) - 1)
                name_x(axes, axes.get_xlabel(), width)
                name_panel(axes, row.title or panel.title * (place == 0 and not alone))
                if first:
                    name_y(axes, row.y.metric.label(images=frame.split_in_label))
                filled.append((axes, row))
        if settle is not None:
            settle(filled)
        cells = [cell for panel in panels for cell in panel.cells]
        head = counted(cells, options.band == "all") if frame.counted else ""
        shown = [handles[label] for label in (handles if labels is None else labels)]
        legend(figure, [*shown, *(_key(label, look) for label, look in keys.items())], head)
    return figure


def points_of(panels: Iterable[LinePanel]) -> Iterator[Sequence[MeanPoint]]:
    """The points of all lines of all panels."""
    return (line.points for panel in panels for row in panel.rows for line in row.lines)


def from_zero(filled: "Sequence[tuple[Axes, Plotted]]") -> None:
    """Axes that begin at 0, or below where something is; shares of units lie within 0 and 100 %, with spreads."""
    for axes, row in filled:
        low, high = axes.get_ylim()
        if row.y.metric.quantity in SHARES:
            axes.set_ylim(0.0, min(PERCENT, high))
            for line in axes.lines:
                line.set_clip_on(False)  # markers at either end are whole
        else:
            axes.set_ylim(bottom=min(0.0, low))


def _draw_threshold(axes: "Axes", threshold: float) -> None:
    if threshold:
        axes.axhline(PERCENT * threshold, color="#999999", linewidth=medium().scale, linestyle=(0, (4, 3)), zorder=1)


def _marks(axes: "Axes", row: Plotted, panel: str) -> Iterator[Mark]:
    """What the lines of one pair of axes show, and the dense network's level."""
    usual, unit = row.y.metric, row.y.metric.unit
    for line in row.lines:
        metric, name = line.metric or usual, line.label.removeprefix("_")
        for point in line.points:
            if point.cell is not None and not math.isnan(drawable(unit.scale * point.cell.mean)):
                mark = Mark(panel, name, metric.label(), point.x, point.cell, unit, axes, metric=metric)
                yield replace(mark, of=row.of, over_levels=row.over_levels)
    if row.dense is not None:
        yield Mark(panel, DENSE_LABEL, usual.label(), None, row.dense, unit, metric=usual)


def _draw_dense(axes: "Axes", dense: Cell, scale: float, bars: bool) -> Any:
    """A grey line with a band of mean ± std, or a bar at its end; and the handle for a legend."""
    mean, std = scale * dense.mean, scale * (dense.std or 0.0)
    if std and bars:
        ends: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "color": DENSE, "label": "_bars"}
        axes.plot([0.99, 0.99], [mean - std, mean + std], linewidth=1.1 * medium().scale, alpha=0.7, **ends)
    elif std:
        axes.axhspan(mean - std, mean + std, color=DENSE, alpha=0.13, linewidth=0, zorder=0)
    axes.axhline(mean, color=DENSE, linewidth=medium().scale, zorder=1)
    return _key(DENSE_LABEL, LineStyle(DENSE, "", "-", 1))


def _key(label: str, look: LineStyle) -> Any:
    """A line that stands in the legend alone."""
    from matplotlib.lines import Line2D

    width = look.width and medium().scale * look.width
    shown: dict[str, Any] = {"color": look.colour, "linestyle": look.dashes, "linewidth": width, "label": label}
    return Line2D([], [], **shown)
