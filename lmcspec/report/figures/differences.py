"""Differences between networks of a study against the weights that remain, with their 95 % intervals."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lmcspec.catalog.metric import PERCENT as SHARE
from lmcspec.catalog.metric import POINTS
from lmcspec.report.contrast import Contrast
from lmcspec.report.contrast_table import heading
from lmcspec.report.figures.lines import PERCENT, LineStyle, MeanPoint, draw_line, passed_over
from lmcspec.report.figures.marks import Mark, put_marks
from lmcspec.report.figures.medium import medium
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
            finish(axes, {label: _points(contrasts) for label, contrasts in lines.items()}, linear=False)
            name_panel(axes, words.removesuffix(" %"))
            name_y(axes, f"B - A{_unit(next(iter(lines.values()))[0])}")
        legend(made.figure, list(handles.values()), "B - A, 95 % interval")
    every = [_points(contrasts) for lines in panels.values() for contrasts in lines.values()]
    return Drawing(name, title, made.figure, CAPTION + passed_over(every))


def _draw(axes: "Axes", contrasts: Sequence[Contrast], label: str, place: int) -> Any:
    """Draw one line, with a bar where there is an interval; the handle for a legend."""
    look = LineStyle(COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)], "-")
    unit, size = contrasts[0].metric.unit, medium().scale
    handle = draw_line(axes, _points(contrasts), look, label, unit.scale)
    if barred := [contrast for contrast in contrasts if _half(contrast) is not None]:
        x, means, halves = zip(
            *((_left(contrast), _mean(contrast), _half(contrast)) for contrast in barred), strict=True
        )
        wide: dict[str, Any] = {"elinewidth": 1.1 * size, "capsize": 2.5 * size}
        axes.errorbar(x, means, yerr=halves, fmt="none", ecolor=look.colour, label="_bars", **wide)
    undecided = [contrast for contrast in contrasts if contrast.verdict not in ("larger", "smaller")]
    axes.plot(
        [_left(contrast) for contrast in undecided],
        [_mean(contrast) for contrast in undecided],
        color=look.colour,
        marker=look.marker,
        linestyle="none",
        markerfacecolor="white",
        zorder=3,
        label="_open",
    )
    return handle


def _marks(axes: "Axes", contrasts: Sequence[Contrast], label: str, panel: str) -> Iterator[Mark]:
    for contrast in contrasts:
        mean, half = _mean(contrast), _half(contrast)
        interval = None if half is None else (mean - half, mean + half)
        yield Mark(
            panel,
            label,
            f"B - A{_unit(contrast)}",
            _left(contrast),
            _cell(contrast),
            contrast.metric.unit,
            axes,
            interval=interval,
            over_levels=True,
            anchor=next(iter(contrast.b.tasks), ""),
        )


def _cell(contrast: Contrast) -> Cell:
    assert contrast.gap is not None
    return Cell(contrast.gap.mean, None, contrast.n, (), asked=contrast.n, where=_where(contrast))


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


def _half(contrast: Contrast) -> float | None:
    """Half of its interval; None where there is none."""
    interval = None if contrast.gap is None else contrast.gap.interval
    return None if interval is None else contrast.metric.unit.scale * (interval.high - interval.low) / 2


def _points(contrasts: Sequence[Contrast]) -> list[MeanPoint]:
    return [MeanPoint(_left(contrast), _cell(contrast)) for contrast in contrasts]


def _unit(contrast: Contrast) -> str:
    return " (points)" if contrast.metric.unit in (SHARE, POINTS) else ""
