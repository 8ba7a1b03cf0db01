"""A line over replicates: mean, band or bars of one standard deviation, open markers where something is amiss."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lmcspec.catalog import Metric
from lmcspec.report.figures.medium import medium
from lmcspec.report.summary import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PERCENT = 100.0
BEYOND = 1e100
"""Values from here on, and those that are no numbers, have no place on an axis."""
FEW = 4
"""Up to so many points have bars: a band would say something about what lies between them."""
ASIDE = 5.0
"""Points from the first to the last of bars that stand side by side: the width of a marker."""
CROWDED = 25
"""Lines of more points than these have bands, and no markers."""
OVER: dict[str, Any] = {"linewidth": 0.9, "linestyle": (0, (2, 3)), "alpha": 0.75}
"""How a line goes over levels that have no point."""
Spread = tuple[float, float]
"""How far what is drawn around a mean goes down and up."""


@dataclass(frozen=True, slots=True)
class MeanPoint:
    """A mean at a place on the x axis; without a cell, a gap."""

    x: float
    cell: Cell | None
    why: str = ""
    """Why it is a gap, where that is known: `diverged`."""
    least: float | None = None
    """Below which its spread is not drawn: a logarithmic axis has no place for what is not above 0."""

    @property
    def spread(self) -> Spread:
        """How far what is drawn around the mean goes down and up."""
        std = (self.cell.std or 0.0) if self.cell else 0.0
        down = std if self.cell is None or self.least is None else min(std, self.cell.mean - self.least)
        return down, std

    @property
    def amiss(self) -> bool:
        """Whether replicates are missing or trainings behind it collapsed."""
        return self.cell is not None and (self.cell.n < self.cell.asked or bool(self.cell.collapsed))


@dataclass(frozen=True, slots=True)
class LineStyle:
    """The colour, marker and dashes of a line."""

    colour: str
    marker: str
    dashes: str
    width: float | None = None
    """In points, as that of the marker; the same as other lines unless told."""
    size: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line: what it is called, how it looks, and its points."""

    label: str
    look: LineStyle
    points: Sequence[MeanPoint]
    metric: Metric | None = None
    """What it shows where lines of the same axes are of other images."""


def exact(value: float, n: int = 1) -> Cell:
    """A value of so many replicates that has no spread, or whose spread is not shown."""
    return Cell(value, None, n, (), asked=n)


def plain(cell: Cell) -> Cell:
    """The mean of a cell for a line that shows nothing else of it."""
    return replace(cell, std=None, asked=cell.n, outcomes=(), noise=())


def without_spread(point: MeanPoint) -> MeanPoint:
    """The mean alone; of how many replicates it is, and what is amiss with them, stays."""
    return point if point.cell is None else replace(point, cell=replace(point.cell, std=None))


def draw_line(
    axes: "Axes",
    points: Sequence[MeanPoint],
    look: LineStyle,
    label: str,
    scale: float = PERCENT,
    bars: bool | None = None,
    aside: float = 0.0,
) -> Any:
    """Draw the points, in percent by default, from left to right; the handle for a legend.

    Levels between which others lie are joined by a thin broken line, see `pieces`. `bars` says how spreads are shown;
    as they are for this line alone unless told; `aside` is how far to the right of their points bars stand, in points.
    """
    size = medium().scale
    wide: dict[str, Any] = {"linewidth": look.width and size * look.width, "markersize": look.size and size * look.size}
    ordered = sorted(points, key=lambda point: point.x)
    x = [point.x for point in ordered]
    means = [math.nan if point.cell is None else drawable(scale * point.cell.mean) for point in ordered]
    spreads = [(scale * down, scale * up) for down, up in (point.spread for point in ordered)]
    runs = pieces(ordered)
    whole: dict[str, Any] = {"color": look.colour, "marker": look.marker, "linestyle": look.dashes, **wide}
    drawn: dict[str, Any] = whole if len(runs) == 1 else {**whole, "linestyle": "none"}
    (line,) = axes.plot(x, means, label=label, **drawn)
    handle = line if len(runs) == 1 else _in_runs(axes, line, runs, x, means, whole)
    if bars if bars is not None else has_bars([points]):
        _bars(axes, x, means, spreads, look.colour, aside)
    else:
        for run in runs:
            band(axes, x[run], means[run], spreads[run], look.colour)
    floors = [math.nan if not (point.cell and point.cell.floor) else scale * point.cell.floor.high for point in ordered]
    for run in runs if not all(map(math.isnan, floors)) else ():
        stroke = "_" if run.stop - run.start == 1 else ""
        dotted: dict[str, Any] = {"linestyle": ":", "linewidth": 0.9 * size, "alpha": 0.8, "marker": stroke}
        axes.plot(x[run], floors[run], color=look.colour, label="_floor", **dotted)
    amiss = [index for index, point in enumerate(ordered) if point.amiss]
    if amiss:
        axes.plot(
            [x[index] for index in amiss],
            [means[index] for index in amiss],
            color=look.colour,
            marker=look.marker,
            linestyle="none",
            markerfacecolor="white",
            zorder=line.get_zorder() + 0.1,
            label="_open",
        )
    return handle


def pieces(ordered: Sequence[MeanPoint]) -> list[slice]:
    """The parts of a line in which no level is passed over: between two of them lie levels that have no point.

    Points of several networks, or of one level, are one part whatever lies between them.
    """
    ends = [place for place, (before, after) in enumerate(pairwise(ordered), 1) if _apart(before, after)]
    return [slice(start, end) for start, end in pairwise([0, *ends, len(ordered)])]


def _apart(before: MeanPoint, after: MeanPoint) -> bool:
    of_before, of_after = (point.cell.where if point.cell else None for point in (before, after))
    if of_before is None or of_after is None or of_before[:2] != of_after[:2]:
        return False
    return abs(of_before.level - of_after.level) > 1


def has_gaps(lines: Iterable[Sequence[MeanPoint]]) -> bool:
    """Whether any of these lines passes over levels."""
    return any(len(pieces(sorted(points, key=lambda point: point.x))) > 1 for points in lines)


def has_bars(lines: Iterable[Sequence[MeanPoint]]) -> bool:
    """Whether all spreads of a figure are shown as bars, not as bands: a band says something about what lies between.

    They are where a line has few points or passes over levels, unless another has too many to tell bars apart.
    """
    spread = [points for points in lines if any(point.cell and point.cell.std for point in points)]
    crowded = any(len(points) > CROWDED for points in spread)
    return not crowded and (any(len(points) <= FEW for points in spread) or has_gaps(spread))


def asides(lines: Sequence[Sequence[MeanPoint]]) -> list[float]:
    """How far from its points each line's bars stand, in points: 0, but where those of several would cover each other.

    Then they stand side by side within the width of a marker, and in the order of the lines.
    """
    at = [{point.x for point in points if point.cell and point.cell.std} for points in lines]
    many = sum(map(bool, at))
    if sum(map(len, at)) == len(set().union(*at)):
        return [0.0] * len(lines)
    step = medium().scale * min(2.0, ASIDE / (many - 1))
    places = iter(range(many))
    return [step * (next(places) - (many - 1) / 2) if xs else 0.0 for xs in at]


def spreads_of(lines: Iterable[Sequence[MeanPoint]]) -> str:
    """The word for how a figure of these lines shows spreads: bars, or bands."""
    return "bars" if has_bars(lines) else "bands"


def passed_over(lines: Iterable[Sequence[MeanPoint]]) -> str:
    """For a caption: what thin broken lines are, where there are any."""
    return " Thin broken lines pass over levels that are not shown." if has_gaps(lines) else ""


def _in_runs(
    axes: "Axes", line: Any, runs: Sequence[slice], x: Sequence[float], means: Sequence[float], look: dict[str, Any]
) -> Any:
    """Draw a line part by part, with thin broken lines from one to the next; the handle for a legend."""
    from matplotlib.lines import Line2D

    plain: dict[str, Any] = {**look, "marker": "", "zorder": line.get_zorder()}
    for run in runs:
        axes.plot(x[run], means[run], label="_run", **plain)
    for before, after in pairwise(runs):
        ends = slice(before.stop - 1, after.start + 1)
        over: dict[str, Any] = {**OVER, "linewidth": medium().scale * OVER["linewidth"]}
        axes.plot(x[ends], means[ends], color=look["color"], label="_over", **over)
    return Line2D([], [], label=line.get_label(), **look)


def _bars(
    axes: "Axes", x: Sequence[float], means: Sequence[float], spreads: Sequence[Spread], colour: str, aside: float
) -> None:
    from matplotlib.transforms import ScaledTranslation

    wide: dict[str, Any] = {"elinewidth": 1.1 * medium().scale}
    if aside:
        wide["transform"] = axes.transData + ScaledTranslation(aside / 72, 0, axes.figure.dpi_scale_trans)
    if any(map(any, spreads)):
        axes.errorbar(
            x, means, yerr=list(zip(*spreads, strict=True)), fmt="none", ecolor=colour, alpha=0.7, label="_bars", **wide
        )
        # Of bars that stand aside matplotlib does not see how far they reach.
        ends = [(mean - down, mean + up) for mean, (down, up) in zip(means, spreads, strict=True)]
        axes.update_datalim([(at, y) for at, both in zip(x, ends, strict=True) for y in both if math.isfinite(y)])
        axes.autoscale_view()


def band(axes: "Axes", x: Sequence[float], means: Sequence[float], spreads: Sequence[Spread], colour: str) -> None:
    """From below to above the mean, where there is any spread."""
    spreads = [spread if abs(spread[1]) < BEYOND else (0.0, 0.0) for spread in spreads]
    if any(map(any, spreads)):
        low = [mean - down for mean, (down, _) in zip(means, spreads, strict=True)]
        high = [mean + up for mean, (_, up) in zip(means, spreads, strict=True)]
        axes.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)


def floors_of(cells: Sequence[Cell]) -> str:
    """For a caption: what dotted lines are, where there are any."""
    images = sorted({cell.floor.images for cell in cells if cell.floor is not None})
    if not images:
        return ""
    count = f"{images[0]:,}" if len(images) == 1 else f"{images[0]:,} to {images[-1]:,}"
    what = f"what the choice of {count} images alone makes of it in 19 of 20 cases where nothing rises"
    return f" Dotted, or a stroke: {what}."


def drawable(value: float) -> float:
    """The value itself, or NaN, which is a gap, where it is beyond all that an axis can hold."""
    return value if abs(value) < BEYOND else math.nan


def counted(cells: Sequence[Cell], pooled: bool = False) -> str:
    """`mean ± std, n = 2`, or `n = 1–3` where it differs; `pooled` says that pairs and copies are counted, too."""
    over = "mean ± std over replicates and pairs" if pooled else "mean ± std"
    return f"{over}, {_count(cells)}"


def _count(cells: Sequence[Cell]) -> str:
    ns = {cell.n for cell in cells}
    if not ns:
        return "n = 0"
    return f"n = {min(ns)}" if len(ns) == 1 else f"n = {min(ns)}–{max(ns)}"
