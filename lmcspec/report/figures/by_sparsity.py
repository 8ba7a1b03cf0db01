"""Accuracy and instability against sparsity: a line per network, as the papers draw them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lmcspec.report.figures.given import Given
from lmcspec.report.figures.lines import FEW, PERCENT, Point, counted, draw_line
from lmcspec.report.figures.style import DENSE, Drawing, canvas, colour, dashes, drawn, legend, marker
from lmcspec.report.summary import Cell
from lmcspec.report.tidy import Row
from lmcspec.spec.study import Figure as Wish

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICKS = (100, 70, 50, 30, 20, 15, 10, 7, 5, 3)
ABREAST = 3
"""Panels side by side."""
FEW_TICKS = (100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)


def accuracy(given: Given, wish: Wish, name: str) -> Drawing:
    """Accuracy against the weights that remain; dense is a grey band of mean ± sample standard deviation."""
    measure = wish.measure or given.measures("accuracy")[0]
    metric = accuracy_of(given, wish, measure)
    rows = given.of(measure, metric, wish)
    lines = _lines(given, rows, wish)
    with drawn():
        figure, ((axes,),) = canvas(1, 1, 7.2, 3.7)
        handles = _draw(given, axes, lines)
        dense = _dense(given, measure, metric)
        if dense is not None:
            handles.append(_band(axes, dense))
        _finish(axes, lines, wish.x == "sparsity", top=True)
        below = _keep_in_view(axes, lines, given)
        axes.set_ylabel(f"{metric.replace('/', ' ')} (%)")
        cells = [point.cell for points in lines.values() for point in points if point.cell]
        legend(figure, handles, f"mean ± std, {counted(cells)}")
    caption = f"Means over replicates, {spreads_of(lines)} one sample standard deviation. Sparsity is measured."
    if dense is not None:
        caption += f" Grey: the dense network, {PERCENT * dense.mean:.2f}"
        caption += f" ± {PERCENT * dense.std:.2f} (n = {dense.n})." if dense.std is not None else f" (n = {dense.n})."
    if below:
        caption += " Collapsed networks far below are open markers at the lower edge."
    return Drawing(name, f"{metric.partition('/')[2].capitalize()} against sparsity", figure, caption, _gaps(lines))


def instability(given: Given, wish: Wish, name: str) -> Drawing:
    """Instability against the weights that remain, a panel for each k; the line of stability is dashed."""
    measure = wish.measure or given.measures("stability")[0]
    metric = metric_of(given, wish, measure)
    rows = given.of(measure, metric, wish)
    steps = sorted({(row.at_updates, row.k) for row in rows})
    panels = dict.fromkeys(at for at, _ in steps)
    threshold = threshold_of(given, measure, metric)
    with drawn():
        columns = min(len(panels), ABREAST)
        rows_of_axes = -(-len(panels) // ABREAST)
        figure, grid = canvas(rows_of_axes, columns, 2.2 + 2.6 * columns, 0.5 + 2.9 * rows_of_axes, sharey=True)
        every = [axes for line in grid for axes in line]
        for axes in every[len(panels) :]:
            axes.set_axis_off()
        handles: dict[str, Any] = {}
        cells: list[Cell] = []
        notes: list[str] = []
        for axes, at in zip(every, panels, strict=False):
            lines = _lines(given, [row for row in rows if row.at_updates == at], wish)
            k = next(k for updates, k in steps if updates == at)
            for line in _draw(given, axes, lines):
                handles.setdefault(line.get_label(), line)
            if threshold:
                axes.axhline(PERCENT * threshold, color="#999999", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
            _finish(axes, lines, wish.x == "sparsity")
            axes.set_title(f"k = {k}")
            cells += [point.cell for points in lines.values() for point in points if point.cell]
            notes += [f"k = {k}: {note}" for note in _gaps(lines)]
        for line in grid:
            line[0].set_ylabel(label_of(metric))
        every[0].set_ylim(bottom=min(0.0, every[0].get_ylim()[0]))
        legend(figure, list(handles.values()), f"mean ± std, {counted(cells)}")
    caption = "Copies that part at step k and the straight path between them; means over replicates and one sample "
    caption += "standard deviation."
    if threshold:
        caption += f" Below the dashed line ({PERCENT * threshold:g} points) a network is stable."
    return Drawing(name, f"{what_of(metric)} against sparsity", figure, caption, tuple(notes))


def spreads_of(lines: dict[str, list[Point]]) -> str:
    """What shows spreads in these lines."""
    few = {len(points) <= FEW for points in lines.values()}
    return "bars and bands" if len(few) > 1 else "bars" if few == {True} else "bands"


def accuracy_of(given: Given, wish: Wish, measure: str) -> str:
    """What of an accuracy is shown: on test images unless the figure asks for another split."""
    if wish.metric and "/" in wish.metric:
        return wish.metric
    return f"{wish.split or 'test'}/{wish.metric or 'accuracy'}"


def metric_of(given: Given, wish: Wish, measure: str) -> str:
    """What of a path is shown: the measure's headline unless the figure asks for another number or split."""
    headline = given.headline(measure)
    if wish.metric is None and wish.split is None:
        return headline
    if wish.metric and "/" in wish.metric:
        return wish.metric
    what, _, rest = headline.partition("/")
    split, at, policy = rest.partition("@")
    return f"{wish.metric or what}/{wish.split or split}{at}{policy}"


def label_of(metric: str) -> str:
    """`instability (points of test error)`."""
    what, _, rest = metric.partition("/")
    split, _, policy = rest.partition("@")
    policy = f", batch norm {policy}d" if policy else ""
    return f"{what} (points of {split} error{policy})"


def what_of(metric: str) -> str:
    """`Instability` or `Barrier`, for a title."""
    return metric.partition("/")[0].capitalize()


def threshold_of(given: Given, measure: str, metric: str) -> float:
    """Below which a network is stable; 0 for numbers that decide nothing."""
    if not metric.startswith("instability/"):
        return 0.0
    own = [
        one for one in given.plan.verdicts if (one.case, one.measure, one.kind) == (given.case, measure, "stability")
    ]
    return own[0].threshold if own else 0.0


def _lines(given: Given, rows: Sequence[Row], wish: Wish) -> dict[str, list[Point]]:
    """By network; those that are only dense are left out where others are there."""
    found: dict[str, list[Point]] = {}
    for network in dict.fromkeys(row.network for row in rows):
        own = {row.level: row for row in rows if row.network == network}
        levels = given.levels(network, wish.levels, sorted(own))
        places = [PERCENT * given.density(network, level) for level in levels]
        if wish.x == "sparsity":
            places = [PERCENT - place for place in places]
        found[network] = [Point(x, given.cell(own[level])) for x, level in zip(places, levels, strict=True)]
    pruned = {network: points for network, points in found.items() if network in given.pruned}
    return pruned or found


def _draw(given: Given, axes: "Axes", lines: dict[str, list[Point]]) -> list[Any]:
    return [
        draw_line(axes, points, colour(given, one), marker(given, one), dashes(given, one), one)
        for one, points in lines.items()
    ]


def _dense(given: Given, measure: str, metric: str) -> Cell | None:
    """The dense network, where all networks have the same."""
    rows = [row for row in given.of(measure, metric) if row.level == 0]
    tasks: dict[str, set[str]] = {}
    for row in rows:
        tasks.setdefault(row.network, set()).add(row.task)
    return given.cell(rows[0]) if len({frozenset(own) for own in tasks.values()}) == 1 else None


def _band(axes: "Axes", dense: Cell) -> Any:
    from matplotlib.lines import Line2D

    mean, std = PERCENT * dense.mean, PERCENT * (dense.std or 0.0)
    if std:
        axes.axhspan(mean - std, mean + std, color=DENSE, alpha=0.13, linewidth=0, zorder=0)
    axes.axhline(mean, color=DENSE, linewidth=1, zorder=1)
    return Line2D([], [], color=DENSE, linewidth=1, label="dense")


def _finish(axes: "Axes", lines: dict[str, list[Point]], linear: bool, *, top: bool = False) -> None:
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


def _keep_in_view(axes: "Axes", lines: dict[str, list[Point]], given: Given) -> bool:
    """Leave what collapsed far below the rest out of the scale, and mark it at the edge; whether there is any."""
    collapsed = [(name, one) for name, points in lines.items() for one in points if one.cell and one.cell.collapsed]
    sound = [
        PERCENT * (one.cell.mean + sign * (one.cell.std or 0.0))
        for points in lines.values()
        for one in points
        if one.cell and not one.cell.collapsed
        for sign in (-1, 1)
    ]
    if not sound or not collapsed:
        return False
    low, high = min(sound), max(sound)
    margin = 0.06 * (high - low or 1.0)
    below = [(name, one) for name, one in collapsed if one.cell and PERCENT * one.cell.mean < low - 5 * margin]
    if not below:
        return False
    axes.set_ylim(low - margin, high + margin)
    for name, one in below:
        axes.plot(
            [one.x],
            [0.0],
            transform=axes.get_xaxis_transform(),
            color=colour(given, name),
            marker=marker(given, name),
            markerfacecolor="white",
            linestyle="none",
            clip_on=False,
            label="_below",
        )
    return True


def _gaps(lines: dict[str, list[Point]]) -> tuple[str, ...]:
    """What the open markers and the gaps are, networks with the same ones together."""
    notes: dict[str, list[str]] = {}
    for network, points in lines.items():
        missing = [point.x for point in points if point.cell is None]
        amiss = [point.x for point in points if point.amiss]
        if missing:
            notes.setdefault(f"nothing at {_places(missing)} (a gap)", []).append(network)
        if amiss:
            said = f"replicates missing or collapsed at {_places(amiss)} (open markers)"
            notes.setdefault(said, []).append(network)
    return tuple(f"{', '.join(networks)}: {said}" for said, networks in notes.items())


def _places(densities: Iterable[float]) -> str:
    return ", ".join(f"{one:.3g} %" for one in densities)
