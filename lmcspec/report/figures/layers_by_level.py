"""What masks leave of each layer, level after level: a panel for each network, a line for each layer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lmcspec.catalog.metric import PERCENT as SHARE
from lmcspec.catalog.metric import Metric
from lmcspec.plan import Target
from lmcspec.report.figures.by_step import named
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.layer_axis import in_order, short
from lmcspec.report.figures.layers import LABELS, Counts, cell_of_shares, scale_shares, share_of, together
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw, points_of
from lmcspec.report.figures.lines import PERCENT, Line, LineStyle, MeanPoint, passed_over, spreads_of
from lmcspec.report.figures.metrics import OnY
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.panels import same_scale
from lmcspec.report.figures.sparsity_axis import finish
from lmcspec.report.figures.style import DENSE, Drawing, shades

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHOLE = "whole network"
MOST_NAMED = 16
"""Layers that a legend names; of more every second, or third."""


@dataclass(frozen=True, slots=True)
class Masks:
    """The masks of a network: at each level the counts by layer in each replicate of which they are known."""

    results: CaseResults
    network: str
    targets: Mapping[int, Sequence[Target]]
    """The targets of the measure, by level."""

    def counts(self, level: int) -> list[Mapping[str, Counts]]:
        """The counts by layer of the replicates that are in the store."""
        results = [self.results.store.find(target.task) for target in self.targets[level]]
        return [stored.scalars["layers"] for stored in results if stored is not None]

    @property
    def survivors(self) -> tuple:
        """What survives of each layer at each level: the same for a network and for its shuffled masks."""
        return tuple(
            (
                level,
                tuple(
                    (layer, numbers["a"]) for counts in self.counts(level) for layer, numbers in sorted(counts.items())
                ),
            )
            for level in self.targets
        )


def densities(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """The share of each layer's weights that is left or gone, from the first layer (dark) to the last (light).

    Means over replicates, against the level or the sparsity of the whole network, whose share is a grey line. Networks
    whose masks leave as much of every layer, such as one and its shuffled masks, share a panel.
    """
    case, what = cases[0], options.metric or "density"
    every = [masks for masks in _masks(case, options) if any(map(masks.counts, masks.targets))]
    title = "What masks leave of each layer, level by level"
    if not every:
        return Drawing(name, title, None, notes=("no masks by layer are in the store yet",))
    alike: dict[tuple, list[Masks]] = {}
    for masks in every:
        alike.setdefault(masks.survivors, []).append(masks)
    y = OnY((), Metric(name=what, measure="masks", quantity=what, unit=SHARE, said=LABELS[what]))
    axis = partial(_on_x, options)
    shown = [
        LinePanel(", ".join(masks.network for masks in same), [Plotted(y, lines, over_levels=True)], axis)
        for same in alike.values()
        for lines in [_lines(same[0], what, options)]
    ]

    def settle(filled: "Sequence[tuple[Axes, Plotted]]") -> None:
        for of_one_scale in [filled] if same_scale(options) else [[pair] for pair in filled]:
            cells = [point.cell for _, row in of_one_scale for line in row.lines for point in line.points]
            for axes, _ in of_one_scale:
                scale_shares(axes, [PERCENT * cell.mean for cell in cells if cell], log=what == "density")

    figure = draw(shown, Frame(3.1), options, settle, _named_in_legend(shown))
    caption = f"Means over replicates, {spreads_of(points_of(shown))} one sample standard deviation. Layers from the "
    caption += "first (dark) to the last (light) in the network's order; grey: over all layers together."
    caption += passed_over(points_of(shown))
    return Drawing(name, title, figure, caption, tuple(note for masks in every for note in _notes(masks)))


def _masks(case: CaseResults, options: Options) -> Iterator[Masks]:
    """The masks of each network at the levels asked for, from the first measure that looks at them."""
    seen = dict.fromkeys(target.network for target in case.plan.targets if target.case == case.case)
    for network in seen:
        if options.networks is not None and network not in options.networks:
            continue
        for measure in (name for kind in ("masks", "overlap") for name in case.measures(kind)):
            by_level: dict[int, list[Target]] = {}
            for target in case.targets(measure):
                if target.network == network:
                    by_level.setdefault(target.level, []).append(target)
            if by_level and options.measure in (None, measure):
                levels = case.levels(network, options.levels, sorted(by_level))
                yield Masks(case, network, {level: by_level[level] for level in levels})
                break


def _lines(masks: Masks, what: str, options: Options) -> list[Line]:
    """A line for each layer in the network's order, and one for the whole network."""
    first = next(target for of_level in masks.targets.values() for target in of_level)
    names = next(known for level in masks.targets if (known := masks.counts(level)))[0]
    layers = in_order(names.keys(), masks.results.plan.tasks[first.task].params.model, masks.results.records)

    def line(label: str, look: LineStyle, counts_of: Callable[[Mapping[str, Counts]], Counts]) -> Line:
        points = []
        for level, of_level in masks.targets.items():
            shares = [share_of(what, counts_of(counts)) for counts in masks.counts(level)]
            cell = cell_of_shares(shares, len(of_level), masks.results.where(of_level))
            points.append(MeanPoint(_place(masks, level, options), cell))
        return Line(label, look, points)

    of_layers = [
        line(label, LineStyle(colour, ".", "-"), lambda counts, layer=layer: counts[layer])
        for layer, label, colour in zip(layers, short(layers), shades(len(layers)), strict=True)
    ]
    return [*of_layers, line(WHOLE, LineStyle(DENSE, "", "--"), together)]


def _place(masks: Masks, level: int, options: Options) -> float:
    if options.x in (None, "level"):
        return float(level)
    left = PERCENT * masks.results.density(masks.network, level)
    return PERCENT - left if options.x == "sparsity" else left


def _on_x(options: Options, axes: "Axes", row: Plotted, width: float, last: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    if options.x in (None, "level"):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("level")
    else:
        finish(axes, row.points, options.x == "sparsity")


def _named_in_legend(panels: Sequence[LinePanel]) -> list[str]:
    """The whole network, and layers at even distances where there are too many to name."""
    layers = dict.fromkeys(line.label for panel in panels for line in panel.rows[0].lines if line.label != WHOLE)
    every = -(-len(layers) // MOST_NAMED)
    return [*list(layers)[::every], WHOLE]


def _notes(masks: Masks) -> Iterator[str]:
    """What is not drawn, and what open markers are."""
    for level, of_level in masks.targets.items():
        words, count = named(masks.results, masks.network, level), len(masks.counts(level))
        if not count:
            yield f"{words}: {masks.results.absent(of_level[0].task)}"
        elif count < len(of_level):
            yield f"{words}: {count} of {len(of_level)} replicates are there (open markers)"
