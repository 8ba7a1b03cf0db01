"""A line over replicates: mean, band or bars of one standard deviation, open markers where something is amiss."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lmcspec.report.summary import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PERCENT = 100.0
BEYOND = 1e100
"""Values from here on, and those that are no numbers, have no place on an axis."""
FEW = 4
"""Up to so many points have bars: a band would say something about what lies between them."""


@dataclass(frozen=True, slots=True)
class MeanPoint:
    """A mean at a place on the x axis; without a cell, a gap."""

    x: float
    cell: Cell | None
    why: str = ""
    """Why it is a gap, where that is known: `diverged`."""

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


def exact(value: float, n: int = 1) -> Cell:
    """A value of so many replicates that has no spread, or whose spread is not shown."""
    return Cell(value, None, n, (), asked=n)


def without_spread(point: MeanPoint) -> MeanPoint:
    """The mean alone; of how many replicates it is, and what is amiss with them, stays."""
    return point if point.cell is None else replace(point, cell=replace(point.cell, std=None))


def draw_line(axes: "Axes", points: Sequence[MeanPoint], look: LineStyle, label: str, scale: float = PERCENT) -> Any:
    """Draw the points, in percent by default, from left to right; the handle for a legend."""
    colour, marker = look.colour, look.marker
    wide: dict[str, Any] = {"linewidth": look.width, "markersize": look.size}
    ordered = sorted(points, key=lambda point: point.x)
    x = [point.x for point in ordered]
    means = [math.nan if point.cell is None else drawable(scale * point.cell.mean) for point in ordered]
    spreads = [scale * (point.cell.std or 0.0) if point.cell else 0.0 for point in ordered]
    (line,) = axes.plot(x, means, color=colour, marker=marker, linestyle=look.dashes, label=label, **wide)
    if len(points) > FEW:
        band(axes, x, means, spreads, colour)
    elif any(spreads):
        axes.errorbar(x, means, yerr=spreads, fmt="none", ecolor=colour, elinewidth=1.1, alpha=0.7, label="_bars")
    floors = [math.nan if not (point.cell and point.cell.floor) else scale * point.cell.floor.high for point in ordered]
    if not all(map(math.isnan, floors)):
        axes.plot(x, floors, color=colour, linestyle=":", linewidth=0.9, alpha=0.8, label="_floor")
    amiss = [index for index, point in enumerate(ordered) if point.amiss]
    if amiss:
        axes.plot(
            [x[index] for index in amiss],
            [means[index] for index in amiss],
            color=colour,
            marker=marker,
            linestyle="none",
            markerfacecolor="white",
            zorder=line.get_zorder() + 0.1,
            label="_open",
        )
    return line


def band(axes: "Axes", x: Sequence[float], means: Sequence[float], spreads: Sequence[float], colour: str) -> None:
    """Mean ± spread, where there is any."""
    spreads = [std if abs(std) < BEYOND else 0.0 for std in spreads]
    if any(spreads):
        low = [mean - spread for mean, spread in zip(means, spreads, strict=True)]
        high = [mean + spread for mean, spread in zip(means, spreads, strict=True)]
        axes.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)


def floors_of(cells: Sequence[Cell]) -> str:
    """For a caption: what dotted lines are, where there are any."""
    images = sorted({cell.floor.images for cell in cells if cell.floor is not None})
    if not images:
        return ""
    count = f"{images[0]:,}" if len(images) == 1 else f"{images[0]:,} to {images[-1]:,}"
    return f" Dotted: what the choice of {count} images alone makes of it in 19 of 20 cases where nothing rises."


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
