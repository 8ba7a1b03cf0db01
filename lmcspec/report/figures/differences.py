"""Differences between networks of a study against the weights that remain, with their 95 % intervals."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lmcspec.catalog.metric import PERCENT as SHARE
from lmcspec.catalog.metric import POINTS
from lmcspec.report.contrast import Contrast
from lmcspec.report.contrast_table import heading
from lmcspec.report.figures.lines import PERCENT, MeanPoint
from lmcspec.report.figures.marks import Mark, put_marks
from lmcspec.report.figures.panels import grid
from lmcspec.report.figures.space import legend, name_panel, name_y
from lmcspec.report.figures.sparsity_axis import finish
from lmcspec.report.figures.style import COLOURS, MARKERS, Drawing, drawn
from lmcspec.report.summary import Cell, Where
from lmcspec.report.within import PlacesCompared

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CAPTION = (
    "B - A over replicates with its 95 % interval by t, at equal sparsity; above the line B is larger. Filled: the "
    "interval excludes 0, of three replicates or more; open: it doesn't, or there is none."
)


def differences(compared: Sequence[PlacesCompared], name: str) -> Drawing:
    """A panel for each measure and k, in it a line for each pair of networks."""
    panels: dict[str, dict[str, list[Contrast]]] = {}
    for places in compared:
        for contrast in places.contrasts:
            if contrast.gap is not None:
                lines = panels.setdefault(heading(contrast), {})
                lines.setdefault(f"{places.b} - {places.a}", []).append(contrast)
    title = "Differences against sparsity"
    if not panels:
        return Drawing(name, title, None, notes=("nothing is there yet to tell a difference by",))
    labels = list(dict.fromkeys(label for lines in panels.values() for label in lines))
    with drawn():
        made = grid(len(panels), high=2.9)
        handles: dict[str, Any] = {}
        for (words, lines), (axes,) in zip(panels.items(), made.axes, strict=True):
            for label, contrasts in lines.items():
                handles.setdefault(label, _draw(axes, contrasts, label, labels.index(label)))
                put_marks(made.figure, _marks(axes, contrasts, label, words))
            axes.axhline(0.0, color="#999999", linewidth=1, zorder=1)
            finish(axes, _points(lines), linear=False)
            name_panel(axes, words.removesuffix(" %"))
            name_y(axes, f"B - A{_unit(next(iter(lines.values()))[0])}")
        legend(made.figure, list(handles.values()), "B - A, 95 % interval")
    return Drawing(name, title, made.figure, CAPTION)


def _draw(axes: "Axes", contrasts: Sequence[Contrast], label: str, place: int) -> Any:
    """Draw one line; the handle for a legend."""
    look: dict[str, Any] = {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}
    ordered = sorted(contrasts, key=_left)
    x = [_left(contrast) for contrast in ordered]
    means = [_mean(contrast) for contrast in ordered]
    halves = [_half(contrast) for contrast in ordered]
    (handle,) = axes.plot(x, means, label=label, zorder=2, **look)
    axes.errorbar(x, means, yerr=halves, fmt="none", ecolor=look["color"], elinewidth=1.1, capsize=2.5, label="_bars")
    undecided = [number for number, contrast in enumerate(ordered) if contrast.verdict not in ("larger", "smaller")]
    axes.plot(
        [x[number] for number in undecided],
        [means[number] for number in undecided],
        linestyle="none",
        markerfacecolor="white",
        zorder=3,
        label="_open",
        **look,
    )
    return handle


def _marks(axes: "Axes", contrasts: Sequence[Contrast], label: str, panel: str) -> Iterator[Mark]:
    for contrast in contrasts:
        mean, half, unit = _mean(contrast), _half(contrast), contrast.metric.unit
        cell = Cell(mean / unit.scale, None, contrast.n, (), asked=contrast.n, where=_where(contrast))
        interval = (mean - half, mean + half) if half else None
        yield Mark(
            panel,
            label,
            f"B - A{_unit(contrast)}",
            _left(contrast),
            cell,
            unit,
            axes,
            interval=interval,
            anchor=next(iter(contrast.b.tasks), ""),
        )


def _where(contrast: Contrast) -> Where:
    """Where B stands, with the tasks of both."""
    place, spot = contrast.b.place, contrast.b
    return Where(
        place.case,
        place.network,
        spot.level,
        1 - spot.density,
        spot.measure,
        spot.k,
        under=contrast.under,
        tasks=(*spot.tasks, *contrast.a.tasks),
    )


def _left(contrast: Contrast) -> float:
    """The weights that remain, in percent; of levels that are not equally sparse their mean."""
    return PERCENT * (contrast.a.density + contrast.b.density) / 2


def _mean(contrast: Contrast) -> float:
    assert contrast.gap is not None
    return contrast.metric.unit.scale * contrast.gap.mean


def _half(contrast: Contrast) -> float:
    interval = None if contrast.gap is None else contrast.gap.interval
    return 0.0 if interval is None else contrast.metric.unit.scale * (interval.high - interval.low) / 2


def _points(lines: Mapping[str, Sequence[Contrast]]) -> dict[str, list[MeanPoint]]:
    return {label: [MeanPoint(_left(contrast), None) for contrast in contrasts] for label, contrasts in lines.items()}


def _unit(contrast: Contrast) -> str:
    return " (points)" if contrast.metric.unit in (SHARE, POINTS) else ""
