"""The axis of weights that remain, and what of a line of sparsities needs words or another place."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from lmcspec.report.figures.lines import PERCENT, Look, Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICKS = (100, 70, 50, 30, 20, 15, 10, 7, 5, 3)
FEW_TICKS = (100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)


def finish(axes: "Axes", lines: Mapping[str, Sequence[Point]], linear: bool, *, top: bool = False) -> None:
    """Weights that remain on a log scale from 100 % down, as the papers do; or sparsity on a plain one."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    if linear:
        axes.set_xlabel("sparsity (%)")
        return
    low = min((point.x for points in lines.values() for point in points), default=PERCENT)
    axes.set_xscale("log")
    axes.set_xlim(PERCENT * 1.06, max(low, 1e-3) / 1.06 if low < PERCENT else 50)
    chosen = TICKS if low > 3 else FEW_TICKS
    ticks = [tick for tick in chosen if low / 1.06 <= tick] or [PERCENT]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("weights remaining (%)")
    if top:
        other = axes.secondary_xaxis("top")
        other.xaxis.set_major_locator(FixedLocator(ticks))
        other.xaxis.set_minor_locator(NullLocator())
        other.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{PERCENT - value:g}"))
        other.set_xlabel("sparsity (%)", color="#777777", fontsize=8)
        other.tick_params(colors="#777777", labelsize=8, length=0)
        other.spines["top"].set_visible(False)


def keep_in_view(
    axes: "Axes", lines: Mapping[str, Sequence[Point]], looks: Mapping[str, Look], scale: float = PERCENT
) -> bool:
    """Leave what collapsed far below the rest out of the scale, and mark it at the edge; whether there is any."""
    collapsed = [(name, one) for name, points in lines.items() for one in points if one.cell and one.cell.collapsed]
    sound = [
        scale * (one.cell.mean + sign * (one.cell.std or 0.0))
        for points in lines.values()
        for one in points
        if one.cell and not one.cell.collapsed
        for sign in (-1, 1)
    ]
    if not sound or not collapsed:
        return False
    low, high = min(sound), max(sound)
    margin = 0.06 * (high - low or 1.0)
    below = [(name, one) for name, one in collapsed if one.cell and scale * one.cell.mean < low - 5 * margin]
    if not below:
        return False
    axes.set_ylim(low - margin, high + margin)
    for name, one in below:
        axes.plot(
            [one.x],
            [0.0],
            transform=axes.get_xaxis_transform(),
            color=looks[name].colour,
            marker=looks[name].marker,
            markerfacecolor="white",
            linestyle="none",
            clip_on=False,
            label="_below",
        )
    return True


def gaps(lines: Mapping[str, Sequence[Point]]) -> tuple[str, ...]:
    """What the open markers and the gaps are, networks with the same ones together."""
    notes: dict[str, list[str]] = {}
    for network, points in lines.items():
        missing = [point.x for point in points if point.cell is None and not point.why]
        for why in sorted({point.why for point in points if point.cell is None and point.why}):
            own = [point.x for point in points if point.cell is None and point.why == why]
            notes.setdefault(f"{why} at {_places(own)} (a gap)", []).append(network)
        amiss = [point.x for point in points if point.amiss]
        if missing:
            notes.setdefault(f"nothing at {_places(missing)} (a gap)", []).append(network)
        if amiss:
            said = f"replicates missing or collapsed at {_places(amiss)} (open markers)"
            notes.setdefault(said, []).append(network)
    return tuple(f"{', '.join(networks)}: {said}" for said, networks in notes.items())


def _places(densities: Iterable[float]) -> str:
    return ", ".join(f"{one:.3g} %" for one in densities)
