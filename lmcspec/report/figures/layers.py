"""Masks layer by layer: what they leave of each, and what two of them share there beside what chance would."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING

from lmcspec.base import spread
from lmcspec.catalog.metric import PERCENT as SHARE
from lmcspec.catalog.metric import Metric
from lmcspec.plan import Target
from lmcspec.report.figures.by_step import named
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.layer_axis import below, finish, in_order, width
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw
from lmcspec.report.figures.lines import PERCENT, Line, LineStyle, MeanPoint, exact, plain, spreads_of
from lmcspec.report.figures.metrics import OnY
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.sparsity_axis import FEW_TICKS
from lmcspec.report.figures.style import DENSE, Drawing, looks_of_places
from lmcspec.report.summary import Cell, Where, cell_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OF_ONE = ("density", "sparsity")
OF_TWO = ("overlap", "overlap-of-either")
KINDS = {"masks": OF_ONE, "overlap": (*OF_TWO, *OF_ONE)}
"""What there is to show of each kind of measure; the first one unless the figure says."""
LABELS = {
    "density": "weights left (%)",
    "sparsity": "weights pruned (%)",
    "overlap": "kept by both (% of the sparser)",
    "overlap-of-either": "kept by both (% of either)",
}
SAID = {
    "density": " Grey: over all layers together.",
    "sparsity": " Grey: over all layers together.",
    "overlap": " Of the weights of the sparser mask in a layer, the share that the other keeps, too.",
    "overlap-of-either": " Of the weights in a layer that either mask keeps, the share that both keep.",
}
"""What a caption says of what is shown."""
WIDE_RANGE = 10
"""Shares of weights left that differ by more than this factor stand on a log axis."""
ALIKE = 0.1
"""Whole networks whose shares are nearer than this, in percent, have one line."""
THIN = 1.1
"""The width of lines that lead the eye from layer to layer."""

Counts = Mapping[str, int]
"""The `size` of a layer, and how many weights survive in `a`, in `b` and in `both`."""


@dataclass(frozen=True, slots=True)
class LayerLine:
    """Networks at a level whose masks have the same counts: by replicate, then by layer."""

    networks: tuple[str, ...]
    level: int
    label: str
    look: LineStyle
    asked: int
    counts: Sequence[Mapping[str, Counts]]
    where: Where

    def points(self, what: str, layers: Sequence[str], *, by_chance: bool = False) -> list[MeanPoint]:
        """The shares of each layer over replicates, or those that chance would leave, which have no spread."""
        columns = [
            [share_of(what, by_layer[layer], by_chance=by_chance) for by_layer in self.counts] for layer in layers
        ]
        cells = [cell_of_shares(column, self.asked, self.where) for column in columns]
        if by_chance:
            cells = [cell and plain(cell) for cell in cells]
        return [MeanPoint(float(place), cell) for place, cell in enumerate(cells)]

    def whole(self, what: str) -> float:
        """The share over all layers together, as a mean over replicates."""
        return spread.mean(share_of(what, together(by_layer)) for by_layer in self.counts)


def layers(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A line over the layers for each network at its sparsest measured level, or at the levels asked for.

    Of `masks` the share of weights left, and of the whole network as a grey line. Of `overlap` the share of the
    weights of the sparser mask that both keep, or of those that either keeps; dashed what it would be with a b / size
    in both, the mean of masks drawn uniformly among those with as many survivors in the layer. Networks whose masks
    have the same counts share a line.
    """
    case = cases[0]
    what = options.metric
    drawn_from = _measure(case, options, what)
    if drawn_from is None:
        return Drawing(name, "Masks by layer", None, notes=(_unknown(case, options),))
    kind, measure = drawn_from
    what = what or KINDS[kind][0]
    compared = what in OF_TWO
    title = "What masks share of each layer" if compared else "What masks leave of each layer"
    targets = list(_targets(case, options, measure))
    lines = _lines(case, targets, solid=compared)
    if not lines:
        return Drawing(name, title, None, notes=("no masks by layer are in the store yet",))
    model = case.plan.tasks[targets[0].task].params.model
    order = in_order(lines[0].counts[0].keys(), model, case.records)
    points = {line.label: line.points(what, order) for line in lines}
    every = [Line(line.label, replace(line.look, width=THIN), points[line.label]) for line in lines]
    if compared:
        every += [
            Line("_chance", _plain(line.look.colour, "--"), line.points(what, order, by_chance=True)) for line in lines
        ]
    else:
        every += [Line("_whole", _plain(DENSE, "-"), across) for across in _whole(lines, what, len(order))]
    y = OnY((), Metric(name=what, measure="masks", quantity=what, unit=SHARE, said=LABELS[what]))

    def axis(axes: "Axes", row: Plotted, width: float, last: bool) -> None:
        cells = [point.cell for of_line in points.values() for point in of_line if point.cell]
        scale_shares(axes, [PERCENT * cell.mean for cell in cells], log=what == "density")
        finish(axes, order)

    frame = Frame(alone=(2.8 + width(len(order)), 3.3 + below(order)))
    keys = {"by chance": _plain(DENSE, "--")} if compared else {"whole network": _plain(DENSE, "-")}
    figure = draw([LinePanel("", [Plotted(y, every)], axis)], frame, options, labels=list(points), keys=keys)
    caption = f"Means over replicates, {spreads_of(points.values())} one sample standard deviation.{SAID[what]}"
    if compared:
        caption += f" Masks are compared with those of {_against(case, measure)} at the same level of the same"
        caption += " replicate. Dashed: by chance, of masks with as many survivors in each layer."
    return Drawing(name, title, figure, caption, tuple(_notes(case, targets, lines, points, order)))


def _measure(case: CaseResults, options: Options, what: str | None) -> tuple[str, str] | None:
    """(kind, measure) of the measure that the figure names, else of the first that has what it shows."""
    for kind, known in KINDS.items():
        for measure in case.measures(kind):
            if options.measure in (None, measure) and (what is None or what in known):
                return kind, measure
    return None


def _unknown(case: CaseResults, options: Options) -> str:
    """Why there is no such number as the figure's `metric`."""
    kinds = [kind for kind in KINDS for measure in case.measures(kind) if options.measure in (None, measure)]
    known = dict.fromkeys(what for kind in kinds for what in KINDS[kind])
    return f"of the layers of masks there are {' and '.join(known)}, no {options.metric!r}"


def _targets(case: CaseResults, options: Options, measure: str) -> Iterator[Target]:
    """What the figure asks for: of each network its sparsest measured level unless it says."""
    every = case.targets(measure, options)
    for network in dict.fromkeys(target.network for target in every):
        of_network = [target for target in every if target.network == network]
        levels = case.levels(network, options.levels or ("last",), sorted({target.level for target in of_network}))
        yield from (target for level in levels for target in of_network if target.level == level)


def _lines(case: CaseResults, targets: Sequence[Target], *, solid: bool) -> list[LayerLine]:
    """Make lines in the order of networks and levels; those with the same counts in every replicate are one.

    `solid` leaves broken lines to what is by chance.
    """
    cells: dict[tuple[str, int], list[Target]] = {}
    for target in targets:
        cells.setdefault((target.network, target.level), []).append(target)
    alike_at: dict[tuple, list[tuple[str, int]]] = {}
    counts: dict[tuple[str, int], list[Mapping[str, Counts]]] = {}
    for cell, of_cell in cells.items():
        by_replicate = {
            target.replicate: stored.scalars["layers"] for target in of_cell if (stored := case.store.find(target.task))
        }
        if by_replicate:
            counts[cell] = list(by_replicate.values())
            alike = tuple((number, *_flat(by_layer)) for number, by_layer in by_replicate.items())
            alike_at.setdefault((cell[1], alike), []).append(cell)
    looks = looks_of_places(case, counts)
    lines = []
    for same in alike_at.values():
        first, networks = same[0], tuple(network for network, _ in same)
        look = LineStyle(looks[first].colour, looks[first].marker, "-") if solid else looks[first]
        label = ", ".join([*networks[:-1], named(case, networks[-1], first[1])])
        lines.append(
            LayerLine(networks, first[1], label, look, len(cells[first]), counts[first], case.where(cells[first]))
        )
    return lines


def _flat(counts: Mapping[str, Counts]) -> tuple:
    return tuple(
        (layer, numbers["size"], numbers["a"], numbers["b"], numbers["both"])
        for layer, numbers in sorted(counts.items())
    )


def together(counts: Mapping[str, Counts]) -> Counts:
    """The counts of all layers, as if they were one."""
    return {key: sum(numbers[key] for numbers in counts.values()) for key in ("size", "a", "b", "both")}


def share_of(what: str, counts: Counts, *, by_chance: bool = False) -> float:
    """The share of a layer's weights, NaN where it is a share of nothing. By chance a b / size weights are in both."""
    size, a, b = (counts[key] for key in ("size", "a", "b"))
    both = a * b / size if by_chance else counts["both"]
    part, all_of = {
        "density": (a, size),
        "sparsity": (size - a, size),
        "overlap": (both, min(a, b)),
        "overlap-of-either": (both, a + b - both),
    }[what]
    return part / all_of if all_of else nan


def cell_of_shares(shares: Sequence[float], asked: int, where: Where) -> Cell | None:
    """The cell of shares in replicates, of which so many were asked for; None where all are shares of nothing."""
    cell = cell_of(shares, asked)
    return replace(cell, where=where) if cell.n else None


def _whole(lines: Sequence[LayerLine], what: str, layers: int) -> Iterator[list[MeanPoint]]:
    """A line across for each share of all weights that is not that of another network, too."""
    shares: list[float] = []
    for line in lines:
        share = line.whole(what)
        if all(PERCENT * abs(share - other) >= ALIKE for other in shares):
            shares.append(share)
            cell = replace(exact(share, len(line.counts)), where=line.where)
            yield [MeanPoint(-0.5, cell), MeanPoint(layers - 0.5, cell)]


def _plain(colour: str, dashes: str) -> LineStyle:
    return LineStyle(colour, "", dashes, THIN)


def scale_shares(axes: "Axes", shown: Sequence[float], *, log: bool) -> None:
    """Scale the axis from 0 on; make it a log axis where shares are far apart, and none of them is 0."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = min(shown, default=0.0), max(shown, default=0.0)
    if not log or not low or high < WIDE_RANGE * low:
        axes.set_ylim(0, min(104, 1.08 * max(high, axes.get_ylim()[1])))
        return
    axes.set_yscale("log")
    axes.set_ylim(low / 1.3, min(110, high * 1.3))
    axes.yaxis.set_major_locator(FixedLocator(FEW_TICKS))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _against(case: CaseResults, measure: str) -> str:
    """The network with whose masks others are compared: masks may stand at several places of a study."""
    targets = case.targets(measure)
    prefix = f"{case.case}/" if case.case else ""
    places: dict[str, set[str]] = {}
    for role, task in case.plan.roles.items():
        if role.startswith(prefix):
            places.setdefault(task, set()).add(role.removeprefix(prefix).partition("/")[0])
    others = [places.get(dict(case.plan.tasks[target.task].inputs)["other"], set()) for target in targets]
    common = set.intersection(*others) - {target.network for target in targets}
    return common.pop() if len(common) == 1 else "another network"


def _notes(
    case: CaseResults,
    targets: Sequence[Target],
    lines: Sequence[LayerLine],
    points: Mapping[str, Sequence[MeanPoint]],
    order: Sequence[str],
) -> Iterator[str]:
    """What is not drawn, and what open markers are."""
    drawn = {(network, line.level) for line in lines for network in line.networks}
    for (network, level), task in {(target.network, target.level): target.task for target in targets}.items():
        if (network, level) not in drawn:
            yield f"{named(case, network, level)}: {case.absent(task)}"
    for line in lines:
        if len(line.counts) < line.asked:
            yield f"{line.label}: {len(line.counts)} of {line.asked} replicates are there (open markers)"
        dead = [order[place] for place, point in enumerate(points[line.label]) if not point.cell]
        if dead:
            yield f"{line.label}: no weight survives in {', '.join(dead)}, and there is no share of none (a gap)"
