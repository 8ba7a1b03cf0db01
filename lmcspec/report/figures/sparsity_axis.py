"""The axis of weights that remain, and what of a line of sparsities needs words or another place."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from lmcspec.report.figures.lines import PERCENT, Line, MeanPoint
from lmcspec.report.figures.medium import medium
from lmcspec.report.figures.ticks import fitting

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICKS = (100, 70, 50, 30, 20, 15, 10, 7, 5, 3)
FEW_TICKS = (100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
FEWER = (FEW_TICKS, (100, 30, 10, 3, 1, 0.3, 0.1, 0.03, 0.01), (100, 10, 1, 0.1, 0.01), (100, 1, 0.01))
"""Ever fewer, for where the words would touch."""


def finish(axes: "Axes", lines: Mapping[str, Sequence[MeanPoint]], linear: bool, *, top: bool = False) -> None:
    """Weights that remain on a log scale from 100 % down, as the papers do; or sparsity on a plain one."""
    from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

    if linear:
        axes.set_xlabel("sparsity (%)")
        return
    low = min((point.x for points in lines.values() for point in points), default=PERCENT)
    axes.set_xscale("log")
    # Room for a marker at both ends, however far they are apart.
    room = max(1.06, (PERCENT / max(low, 1e-3)) ** 0.025)
    axes.set_xlim(PERCENT * room, max(low, 1e-3) / room if low < PERCENT else 50)
    sets = [[tick for tick in chosen if low / 1.06 <= tick] or [PERCENT] for chosen in ((TICKS,) * (low > 3) + FEWER)]
    words = (_left, _pruned) if top else (_left,)
    axes.xaxis.set_major_locator(fitting(axes, sets, words))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _left(value)))
    axes.set_xlabel("weights remaining (%)")
    if top:
        other = axes.secondary_xaxis("top")
        other.xaxis.set_major_locator(fitting(axes, sets, words))
        other.xaxis.set_minor_locator(NullLocator())
        other.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _pruned(value)))
        other.set_xlabel("sparsity (%)", color="#777777", fontsize=medium().points(8))
        other.tick_params(colors="#777777", labelsize=medium().points(8), length=0)
        other.spines["top"].set_visible(False)


def _left(value: float) -> str:
    return f"{value:g}"


def _pruned(value: float) -> str:
    return f"{PERCENT - value:g}"


def keep_in_view(panels: "Sequence[tuple[Axes, Sequence[Line]]]", scale: float = PERCENT) -> bool:
    """Leave what collapsed far below the rest out of the scale, and mark it at the edge; whether there is any.

    `panels` are those of one scale, each with its lines.
    """
    every = [(axes, line.look, point) for axes, lines in panels for line in lines for point in line.points]
    collapsed = [(axes, look, point) for axes, look, point in every if point.cell and point.cell.collapsed]
    sound = [
        scale * (point.cell.mean + sign * (point.cell.std or 0.0))
        for _, _, point in every
        if point.cell and not point.cell.collapsed
        for sign in (-1, 1)
    ]
    if not sound or not collapsed:
        return False
    low, high = min(sound), max(sound)
    margin = 0.06 * (high - low or 1.0)
    below = [
        (axes, look, point)
        for axes, look, point in collapsed
        if point.cell and scale * point.cell.mean < low - 5 * margin
    ]
    if not below:
        return False
    for axes, _ in panels:
        axes.set_ylim(low - margin, high + margin)
    for axes, look, point in below:
        # Nothing left is at no place of a log scale.
        place = max(point.x, min(axes.get_xlim())) if axes.get_xscale() == "log" else point.x
        axes.plot(
            [place],
            [0.0],
            transform=axes.get_xaxis_transform(),
            color=look.colour,
            marker=look.marker,
            markerfacecolor="white",
            linestyle="none",
            clip_on=False,
            label="_below",
        )
    return True


def _places(densities: Iterable[float]) -> str:
    return ", ".join(f"{density:.3g} %" for density in densities)


def gaps(
    lines: Mapping[str, Sequence[MeanPoint]], places: Callable[[Iterable[float]], str] = _places
) -> tuple[str, ...]:
    """What the open markers and the gaps are, networks with the same ones together; `places` writes where they are."""
    notes: dict[str, list[str]] = {}
    for network, points in lines.items():
        missing = [point.x for point in points if point.cell is None and not point.why]
        for why in sorted({point.why for point in points if point.cell is None and point.why}):
            places_of_gaps = [point.x for point in points if point.cell is None and point.why == why]
            notes.setdefault(f"{why} at {places(places_of_gaps)} (a gap)", []).append(network)
        amiss = [point.x for point in points if point.amiss]
        if missing:
            notes.setdefault(f"nothing at {places(missing)} (a gap)", []).append(network)
        if amiss:
            note = f"replicates missing or collapsed at {places(amiss)} (open markers)"
            notes.setdefault(note, []).append(network)
    return tuple(f"{', '.join(networks)}: {note}" for note, networks in notes.items())
