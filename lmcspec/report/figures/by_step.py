"""Instability against the step k at which copies part: a line per network."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lmcspec.report.figures.by_sparsity import label_of, metric_of, threshold_of, what_of
from lmcspec.report.figures.given import Given
from lmcspec.report.figures.lines import PERCENT, Point, counted, draw_line
from lmcspec.report.figures.style import DENSE, Drawing, canvas, colour, dashes, drawn, legend, marker
from lmcspec.report.tidy import Row
from lmcspec.spec.study import Figure as Wish

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE = 30
"""Steps that differ by more than this factor stand on a log scale."""
CROWDED = 0.12
"""Of the axis' length: closer together, labels are slanted."""
SLANTED: dict[str, Any] = {"rotation": 50, "ha": "right", "rotation_mode": "anchor"}


def instability(given: Given, wish: Wish, name: str) -> Drawing:
    """A line per network at its sparsest measured level, and one for the dense network; or the levels asked for."""
    measure = wish.measure or given.measures("stability")[0]
    metric = metric_of(given, wish, measure)
    rows = given.of(measure, metric, wish)
    threshold = threshold_of(given, measure, metric)
    written = {row.at_updates: row.k for row in rows}
    with drawn():
        figure, ((axes,),) = canvas(1, 1, 7.2, 3.5)
        handles, cells = [], []
        for network, level in shown_levels(given, rows, wish):
            own = {row.at_updates: row for row in rows if (row.network, row.level) == (network, level)}
            points = [Point(float(at), given.cell(row)) for at, row in own.items()]
            cells += [point.cell for point in points if point.cell]
            look = (colour(given, network), marker(given, network), dashes(given, network))
            look = look if level else (DENSE, "o", "-")
            handles.append(draw_line(axes, points, *look, named(given, network, level)))
        if threshold:
            axes.axhline(PERCENT * threshold, color="#999999", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        _ticks(axes, written)
        axes.set_xlabel("k, the step at which copies part")
        axes.set_ylabel(label_of(metric))
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        legend(figure, handles, f"mean ± std, {counted(cells)}")
    caption = "Each network at the level named beside it."
    if threshold:
        caption += f" Below the dashed line ({PERCENT * threshold:g} points) a network is stable."
    return Drawing(name, f"{what_of(metric)} against k", figure, caption)


def _ticks(axes: "Axes", written: Mapping[int, str]) -> None:
    """Every k as it is written; on a log scale where they lie far apart, slanted where they would overlap."""
    steps = sorted(written)
    above = [step for step in steps if step]
    if above and max(above) > WIDE * min(above):
        axes.set_xscale("symlog", linthresh=min(above))
        axes.set_xlim(-0.15 * min(above), 1.2 * max(above))
    low, high = axes.xaxis.get_transform().transform(axes.get_xlim())
    places = [float(place - low) / float(high - low) for place in axes.xaxis.get_transform().transform(steps)]
    crowded = any(after - before < CROWDED for before, after in pairwise(places))
    axes.set_xticks(steps, [written[step] for step in steps], **SLANTED if crowded else {})
    axes.minorticks_off()


def shown_levels(given: Given, rows: Sequence[Row], wish: Wish) -> list[tuple[str, int]]:
    """(network, level) of each line: the sparsest measured level of each network, and dense once for all that share it.

    With `levels` those that it names.
    """
    found: dict[tuple[frozenset[str], int], tuple[str, int]] = {}
    for network in dict.fromkeys(row.network for row in rows):
        measured = sorted({row.level for row in rows if row.network == network})
        for level in given.levels(network, wish.levels or ("dense", "last"), measured):
            tasks = frozenset(row.task for row in rows if (row.network, row.level) == (network, level))
            found.setdefault((tasks, level), (network, level))
    return list(found.values())


def named(given: Given, network: str, level: int) -> str:
    """`imp, 83.2 % sparse`; dense by that word."""
    if not level:
        return network if network not in given.pruned else "dense"
    return f"{network}, {PERCENT * (1 - given.density(network, level)):.1f} % sparse"
