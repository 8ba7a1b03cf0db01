"""Error or loss along the straight path at every level: a surface over the position and the sparsity."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import TYPE_CHECKING, Any

from lmcspec.catalog import Metric
from lmcspec.catalog.metric import CHANGED
from lmcspec.report.figures.along_path import (
    UNITS,
    PathLine,
    along,
    curves_of,
    incomplete,
    metric_along,
    no_numbers,
    over_replicates,
    policy_of,
)
from lmcspec.report.figures.by_step import named
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.lines import PERCENT
from lmcspec.report.figures.marks import Mark, put_marks
from lmcspec.report.figures.medium import medium
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.panels import abreast
from lmcspec.report.figures.space import canvas
from lmcspec.report.figures.style import SPLITS, Drawing, drawn
from lmcspec.report.summary import cell_of
from lmcspec.report.words import at_levels

if TYPE_CHECKING:
    from matplotlib.cm import ScalarMappable
    from mpl_toolkits.mplot3d import Axes3D

WIDE, HIGH = 3.3, 2.9
"""Inches of a panel."""
TITLE = 40
"""Letters in a line above a panel of that width."""
NAMED = 6
"""Levels that are named on their axis, at most."""
ELEVATION, AZIMUTH = 26, -57
"""From the sparsest level's side, a little from the right: what rises in the middle of a path hides little."""
FACES = 24
"""Patches of a surface along each axis, about: their colours follow its height."""
BAR = 1.1
"""The width of the scale of colours with its words, in inches."""
PAD = 12.0
"""Points by which words are further from axes where letters are twice as large."""
INK = "#222222"


@dataclass(frozen=True, slots=True)
class NetworkPanel:
    """One network: its curves by level, and what has to be said about them."""

    title: str
    results: CaseResults
    network: str
    lines: tuple[PathLine, ...]
    notes: tuple[str, ...]


def surface(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A panel per network (of each case): α to the right, levels from the back, where dense is, to the front.

    Each measured level is a dark line, the mean over replicates with pairs averaged within a replicate; the surface
    goes straight from one line to the next. All panels have one scale of heights and one of colours.
    """
    what = along(options)
    title = f"{what.capitalize()} along the straight path, by sparsity"
    every = [panel for case in cases for panel in _panels(case, options, by_case=len(cases) > 1)]
    notes = tuple(note for panel in every for note in panel.notes)
    panels = [panel for panel in every if panel.lines]
    if not panels:
        return Drawing(name, title, None, notes=("no path is in the store yet",))
    # All panels show the same images: training images where these are all that was looked at.
    split = next(split for split in SPLITS if any(line.key.split == split for panel in panels for line in panel.lines))
    shown = [(panel, [line for line in panel.lines if line.key.split == split]) for panel in panels]
    shown = [(panel, lines) for panel, lines in shown if lines]
    if not any(_heights(lines, UNITS[what].scale) for _, lines in shown):
        return Drawing(name, title, None, notes=(*notes, f"the {what} is no number anywhere: the networks diverged"))
    drawn_lines = [line for _, lines in shown for line in lines]
    notes += (*no_numbers(drawn_lines, what), *incomplete(drawn_lines))
    steps = list(dict.fromkeys(line.key.k for _, lines in shown for line in lines))
    if len(steps) > 1:
        shown = [(replace(panel, title=f"{panel.title}, k = {lines[0].key.k}"), lines) for panel, lines in shown]
    with drawn():
        figure = _draw(shown, UNITS[what].scale, f"{split} {what}{' (%)' * (what == 'error')}", _columns(cases, shown))
    put_marks(figure, _marks(shown, metric_along(what, split, policy_of(cases[0], options))))
    counts = sorted({len(line.curves) for _, lines in shown for line in lines})
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"
    caption = f"Between copies that part at step k{f' = {steps[0]}' * (len(steps) == 1)}; means over replicates "
    caption += (
        f"(n = {n}), pairs averaged within a replicate. Dark lines are the measured levels, and the surface goes "
    )
    caption += "straight from one to the next. All panels have the same scales."
    policies = {policy_of(case, options) for case in cases}
    caption += "".join(f" Statistics of {of} are {done}." for key, (of, done) in CHANGED.items() if key in policies)
    return Drawing(name, title, figure, caption, notes)


def _marks(shown: Sequence[tuple[NetworkPanel, Sequence[PathLine]]], metric: Metric) -> Iterator[Mark]:
    """The measured levels; no place in a plane is theirs."""
    on_y = f"{metric.split} {metric.quantity}"
    for panel, lines in shown:
        for line in lines:
            for alpha, column in zip(line.alphas, zip(*line.curves, strict=True), strict=True):
                cell = replace(cell_of(column, line.asked), where=line.where)
                label = named(panel.results, panel.network, line.key.level)
                if cell.n:
                    yield Mark(panel.title, label, on_y, alpha, cell, metric.unit, metric=metric)


def _panels(case: CaseResults, options: Options, *, by_case: bool) -> Iterator[NetworkPanel]:
    """A panel per network that has sparse levels, in the order of the figure's `networks`.

    Its title has the case, too, where that is asked for. Of several k's the one with most levels.
    """
    measures = [options.measure] if options.measure else case.measures("stability")
    levels_at: dict[str, dict[tuple[int, str], set[int]]] = {}
    for row in case.rows:
        if row.measure in measures and row.through is None and (options.at is None or str(options.at) == row.at):
            levels_at.setdefault(row.network, {}).setdefault((row.at_updates, row.k), set()).add(row.level)
    wanted = {network for network in levels_at if options.networks is None or network in options.networks}
    # A surface has at least two levels; what was only looked at dense is on those of the others.
    deep = {network for network in wanted if len(set().union(*levels_at[network].values())) > 1}
    for network in (network for network in options.networks or case.networks if network in (deep or wanted)):
        places = levels_at[network]
        at, k = max(sorted(places), key=lambda place: len(places[place]))
        levels = case.levels(network, options.levels, sorted(places[at, k]))
        of_network = replace(options, networks=(network,), levels=levels, band=None)
        lines = tuple(line for line in curves_of(case, of_network) if line.key.at == at)
        title = f"{case.case}, {network}" if by_case else network
        notes = [f"{title}: k = {k} of {', '.join(k for _, k in sorted(places))}; say which with `at`"]
        notes = notes if len(places) > 1 else []
        if missing := set(levels) - {line.key.level for line in lines}:
            notes.append(f"{title}: nothing {at_levels(missing)}")
        yield NetworkPanel(title, case, network, lines, tuple(notes))


def _columns(cases: Sequence[CaseResults], shown: Sequence[tuple[NetworkPanel, Sequence[PathLine]]]) -> int:
    """A line of panels for each case where all have as many, as the papers have it; else as panels stand elsewhere."""
    counts = {sum(panel.results is case for panel, _ in shown) for case in cases}
    return counts.pop() if len(cases) > 1 and len(counts) == 1 else abreast(len(shown))


def _draw(shown: Sequence[tuple[NetworkPanel, Sequence[PathLine]]], scale: float, label: str, columns: int) -> Any:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    rows = -(-len(shown) // columns)
    width, height = WIDE * columns + BAR, HIGH * rows
    # What stands in front is drawn last, by levels: matplotlib would sort whole surfaces and no lines.
    kind = {"projection": "3d", "computed_zorder": False}
    figure, places = canvas(rows, columns, width, height, layout=None, beside=0.0, subplot_kw=kind)
    figure.subplots_adjust(
        left=0, right=1 - BAR / width, bottom=0.25 / height, top=1 - 0.2 / height, wspace=0, hspace=0.1
    )
    means = [[over_replicates(line.curves, scale)[0] for line in lines] for _, lines in shown]
    heights = [height for _, lines in shown for height in _heights(lines, scale)]
    colours = ScalarMappable(Normalize(min(heights), max(heights)), "viridis")
    axes: list[Any] = [box for line in places for box in line]
    for box, (panel, lines), curves in zip(axes, shown, means, strict=False):
        _draw_surface(box, panel, lines, curves, colours)
        # From zero, as along paths elsewhere: a small rise looks small.
        box.set_zlim(0, max(heights) * 1.04)
    for box in axes[len(shown) :]:
        box.set_axis_off()
    beside = figure.add_axes((1 - (BAR - 0.1) / width, 0.5 - 0.8 / height, 0.12 / width, 1.6 / height))
    figure.colorbar(colours, cax=beside, label=label)
    return figure


def _heights(lines: Sequence[PathLine], scale: float) -> list[float]:
    """All mean values that are numbers."""
    return [value for line in lines for value in over_replicates(line.curves, scale)[0] if not isnan(value)]


def _draw_surface(
    axes: "Axes3D",
    panel: NetworkPanel,
    lines: Sequence[PathLine],
    means: Sequence[Sequence[float]],
    colours: "ScalarMappable",
) -> None:
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    levels = [line.key.level for line in lines]
    # Measures may have looked at other positions: the surface has all of them, and more to follow heights by colour.
    alphas = _finer(sorted({alpha for line in lines for alpha in line.alphas}))
    heights = [np.interp(alphas, line.alphas, mean) for line, mean in zip(lines, means, strict=True)]
    for place, (line, mean) in enumerate(zip(lines, means, strict=True)):
        level = line.key.level
        if place:
            share = np.linspace(0, 1, 2 + FACES // len(levels))[:, None]
            strip = (1 - share) * heights[place - 1] + share * heights[place]
            x, y = np.meshgrid(alphas, (1 - share) * levels[place - 1] + share * level)
            # Edges have the colour of their face, or white would shine through between them.
            faces = colours.to_rgba((strip[:-1, :-1] + strip[1:, :-1] + strip[:-1, 1:] + strip[1:, 1:]) / 4)
            look: dict[str, Any] = {"facecolors": faces, "shade": False, "linewidth": 0.25, "zorder": place}
            axes.plot_surface(x, y, strip, rstride=1, cstride=1, **look)
        axes.plot(
            line.alphas, [level] * len(mean), mean, color=INK, linewidth=1.1, label=f"level {level}", zorder=place + 0.5
        )
    axes.set_title(textwrap.fill(panel.title, TITLE), y=0.99)
    # What stands at axes in space keeps its distance whatever the size of its letters.
    further = PAD * (medium().scale - 1)
    axes.set_xlabel("α", labelpad=further - 4)
    axes.set_xticks([0.0, 0.5, 1.0], ["0", "½", "1"])
    axes.set_ylabel("sparsity (%)", labelpad=further + 2)
    axes.set_ylim(max(levels) + 0.01, min(levels))
    some = levels[:: -(-len(levels) // NAMED)]
    axes.set_yticks(some, [_named(panel, level) for level in some])
    axes.tick_params(pad=further / 2 - 1, labelsize=medium().points(8))
    axes.zaxis.set_tick_params(pad=further / 2 + 3)
    axes.zaxis.set_major_locator(MaxNLocator(4))
    axes.set_box_aspect((1.2, 1.2, 0.85), zoom=1.04)  # pyright: ignore[reportArgumentType]
    axes.view_init(ELEVATION, AZIMUTH)


def _finer(alphas: Sequence[float]) -> Any:
    """These positions, with further ones evenly spaced between neighbours."""
    import numpy as np

    pieces = max(1, FACES // len(alphas))
    places = np.arange((len(alphas) - 1) * pieces + 1) / pieces
    return np.interp(places, range(len(alphas)), alphas)


def _named(panel: NetworkPanel, level: int) -> str:
    return f"{PERCENT * (1 - panel.results.density(panel.network, level)):.0f}" if level else "dense"
