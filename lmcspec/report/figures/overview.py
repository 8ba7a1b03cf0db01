"""Overview over the cases of a sweep: each network by a baseline, in stability and in accuracy at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isinf, log
from typing import TYPE_CHECKING, Any

from lmcspec.catalog.metric import NUMBER
from lmcspec.catalog.plots.overview import CARD as OVERVIEW
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.lines import PERCENT
from lmcspec.report.figures.marks import Mark, put_marks
from lmcspec.report.figures.medium import medium
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.ratios import Ratio, RatioPoint, compare
from lmcspec.report.figures.space import canvas, legend, name_y
from lmcspec.report.figures.style import COLOURS, MARKERS, Drawing, drawn, look_of
from lmcspec.report.summary import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RATIOS = ("barrier-ratio", "accuracy-ratio")
"""What stands on the axes, x and y unless the figure says."""
SIZES = {"compression": "data", "sparsity": "weights"}
"""What markers are as large as: 1 / density, or training images to each image of the distilled set."""
SMALLEST, LARGEST = 26.0, 150.0
"""Areas of markers, in square points; equal factors of compression are equal steps between them."""
NAMED = 24
"""Up to so many points have their sparsity beside them, where their size does not tell it."""
GREY = "#777777"
BASELINE = "x"
"""The marker of the baseline, which is at (1, 1)."""


@dataclass(frozen=True, slots=True)
class Looks:
    """How points are told apart: by colour what `series` says, and by marker the other of case and network."""

    series: str
    colours: Mapping[str, str]
    markers: Mapping[str, str]
    by_marker: str

    def of(self, point: RatioPoint) -> tuple[str, str]:
        """The colour and the marker of a point."""
        return self.colours[getattr(point, self.series)], self.markers[getattr(point, self.by_marker)]


def overview(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A point per case, network other than the baseline, and level: two ratios to the baseline at the same level.

    `barrier-ratio` is the loss barrier at the midpoint of the path, of the network over that of the baseline;
    `accuracy-ratio` the same of the test accuracy. Levels of one network are joined by a dotted line. Ratios and their
    error bars are those of `ratios.ratio`; a marker is hollow, without a bar, where the baseline's barrier is within
    one standard deviation of zero.
    """
    title = f"Stability and accuracy, by {options.baseline}" if options.baseline else "Stability and accuracy"
    if problem := _cannot(cases, options):
        return Drawing(name, title, None, notes=(problem,))
    baseline = str(options.baseline)
    comparisons = [compare(case, options, baseline, case.case if len(cases) > 1 else "") for case in cases]
    points = [point for comparison in comparisons for point in comparison.points]
    notes = tuple(note for comparison in comparisons for note in comparison.notes)
    if not points:
        return Drawing(name, title, None, notes=notes or ("no barrier is in the store yet",))
    splits = " or ".join(dict.fromkeys(comparison.split for comparison in comparisons if comparison.points))
    labels = {
        "barrier-ratio": f"loss barrier at the midpoint ({splits}), ratio to {baseline}",
        "accuracy-ratio": f"test accuracy, ratio to {baseline}",
    }
    x, y = _axes(options)
    size = options.size if options.size in SIZES else "compression"
    looks = _looks(cases, points, options)
    with drawn():
        figure, ((axes,),) = canvas(1, 1, 7.4, 4.2)
        for line in (axes.axhline, axes.axvline):
            line(1.0, color="#999999", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        axes.scatter([1.0], [1.0], marker=BASELINE, color=GREY, zorder=2, label=baseline)
        areas = _areas([_size(point, size) for point in points])
        for case, network in dict.fromkeys((point.case, point.network) for point in points):
            of_network = [point for point in points if (point.case, point.network) == (case, network)]
            _draw(axes, of_network, x, y, [areas[_size(point, size)] for point in of_network], looks)
        put_marks(figure, (mark for point in points for mark in _marks(axes, point, x, y, labels)))
        if size == "compression" and len(points) <= NAMED:
            _name(axes, points, x, y)
        axes.set_xlabel(labels[x])
        name_y(axes, labels[y])
        axes.margins(0.08)
        legend(figure, [*_handles(looks, baseline), *_size_handles(areas, size)], f"mean ± std, {_counted(points)}")
    caption = (
        f"Ratios to {baseline} at the same level: levels are matched by their number, not by sparsity. On the dashed "
    )
    caption += f"lines a network is as stable, or as accurate, as {baseline}, which is the cross. "
    caption += (
        "Bars are one standard deviation by first-order propagation, over pairs of replicates where these share their "
    )
    caption += f"initial weights. Markers grow with the compression of {SIZES[size]}."
    return Drawing(name, title, figure, caption, notes)


def _marks(axes: "Axes", point: RatioPoint, x: str, y: str, labels: Mapping[str, str]) -> Iterator[Mark]:
    """Both ratios of a point."""
    line = ", ".join(filter(None, (point.case, point.network)))
    place = _of(point, x).value, _of(point, y).value
    for which in (y, x):
        ratio = _of(point, which)
        cell = Cell(ratio.value, _bar(ratio) or None, ratio.n, (), asked=ratio.asked, where=ratio.where)
        yield Mark("", line, labels[which], place[0], cell, NUMBER, axes, place, over_levels=True)


def _cannot(cases: Sequence[CaseResults], options: Options) -> str:
    """What is missing for a comparison, and what to type; empty where nothing is."""
    kinds = OVERVIEW.measures
    for kind in kinds:
        if not any(case.measures(kind) for case in cases):
            return f"overview needs measures of the kinds {' and '.join(kinds)}, and the study has no {kind}"
    known = list(dict.fromkeys(network for case in cases for network in case.pruned))
    say = " or ".join(f'`baseline = "{network}"`' for network in known)
    if options.baseline is None:
        return f"overview compares networks with one of them: say {say}"
    return (
        ""
        if options.baseline in known
        else f"there is no pruned network {options.baseline!r} to compare with: say {say}"
    )


def _axes(options: Options) -> tuple[str, str]:
    """What is on x and y; one that is said leaves the other to the other axis."""
    x, y = (axis if isinstance(axis, str) and axis in RATIOS else None for axis in (options.x, options.y))
    if x is None and y == RATIOS[0]:
        x = RATIOS[1]
    x = x or RATIOS[0]
    return x, y or RATIOS[1 - RATIOS.index(x)]


def _of(point: RatioPoint, which: str) -> Ratio:
    return point.barrier if which == "barrier-ratio" else point.accuracy


def _bar(ratio: Ratio) -> float:
    """Half of its error bar. First-order propagation means nothing where the denominator may be zero: no bar."""
    return 0.0 if ratio.unstable else ratio.std


def _size(point: RatioPoint, size: str) -> float:
    if size == "compression":
        return point.data_compression
    return 1 / point.density if point.density else inf


def _areas(values: Sequence[float]) -> dict[float, float]:
    """The area of the marker of each value, by its logarithm between the least and the greatest.

    Networks of which nothing is left are one step of ten beyond the greatest of the others.
    """
    most = max((value for value in values if not isinf(value)), default=1.0)
    places = {value: log(10 * most if isinf(value) else value) for value in sorted(set(values))}
    low, high = min(places.values()), max(places.values())
    return {
        value: SMALLEST + (LARGEST - SMALLEST) * ((place - low) / (high - low) if high > low else 0.4)
        for value, place in places.items()
    }


def _looks(cases: Sequence[CaseResults], points: Sequence[RatioPoint], options: Options) -> Looks:
    usual = "case" if len(cases) > 1 else "network"
    series = options.series if options.series in ("case", "network") else usual
    other = "network" if series == "case" else "case"
    names = list(dict.fromkeys(point.case for point in points))
    networks = list(dict.fromkeys(point.network for point in points))
    values = {"case": names, "network": networks}
    # A network looks as in all figures of its case.
    home = {network: next(case for case in cases if network in case.networks) for network in networks}
    colours = {
        "case": {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)},
        "network": {network: look_of(home[network], network).colour for network in networks},
    }
    markers = {
        "case": {name: MARKERS[place % len(MARKERS)] for place, name in enumerate(names)},
        "network": {network: look_of(home[network], network).marker for network in networks},
    }
    by_marker = other if len(values[other]) > 1 else series
    return Looks(series, colours[series], markers[by_marker], by_marker)


def _draw(axes: "Axes", points: Sequence[RatioPoint], x: str, y: str, areas: Sequence[float], looks: Looks) -> None:
    shade, shape = looks.of(points[0])
    over = [[_of(point, which).value for point in points] for which in (x, y)]
    spreads = [[_bar(_of(point, which)) for point in points] for which in (x, y)]
    axes.plot(*over, color=shade, linestyle=":", linewidth=1.2, label="_joined")
    if any(spreads[0]) or any(spreads[1]):
        bars: dict[str, Any] = {"fmt": "none", "ecolor": shade, "elinewidth": 0.9, "alpha": 0.55}
        axes.errorbar(*over, xerr=spreads[0], yerr=spreads[1], label="_bars", **bars)
    faces = ["white" if point.barrier.unstable else shade for point in points]
    label = ", ".join(name for name in (points[0].case, points[0].network) if name)
    axes.scatter(
        *over, s=list(areas), marker=shape, facecolors=faces, edgecolors=shade, linewidths=1.2, zorder=3, label=label
    )


def _name(axes: "Axes", points: Sequence[RatioPoint], x: str, y: str) -> None:
    """The sparsity beside each point."""
    for point in points:
        place = (_of(point, x).value, _of(point, y).value)
        text = f"{PERCENT * (1 - point.density):.0f} %"
        axes.annotate(text, place, xytext=(6, 6), textcoords="offset points", fontsize=medium().points(7), color=GREY)


def _handles(looks: Looks, baseline: str) -> list[Any]:
    from matplotlib.lines import Line2D

    alike = looks.by_marker == looks.series
    handles = [
        Line2D([], [], color=shade, marker=looks.markers[label] if alike else "o", linestyle=":", label=label)
        for label, shade in looks.colours.items()
    ]
    others = [*([] if alike else looks.markers.items()), (baseline, BASELINE)]
    return handles + [
        Line2D([], [], color=GREY, marker=shape, linestyle="none", label=label) for label, shape in others
    ]


def _size_handles(areas: Mapping[float, float], size: str) -> list[Any]:
    """The least and the greatest marker."""
    from matplotlib.lines import Line2D

    def label(value: float) -> str:
        if isinf(value):
            return "no weight left"
        return f"{value:.3g}×" + (
            " less data" if size == "compression" else f" ({PERCENT * (1 - 1 / value):.0f} % sparse)"
        )

    return [
        Line2D(
            [],
            [],
            color=GREY,
            marker="o",
            markersize=areas[size_value] ** 0.5,
            linestyle="none",
            label=label(size_value),
        )
        for size_value in dict.fromkeys((min(areas), max(areas)))
    ]


def _counted(points: Sequence[RatioPoint]) -> str:
    ns = sorted({ratio.n for point in points for ratio in (point.barrier, point.accuracy)})
    return f"n = {ns[0]}" if len(ns) == 1 else f"n = {ns[0]}–{ns[-1]}"
