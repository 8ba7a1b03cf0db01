"""What finding masks takes, against sparsity: images as networks see them, as stored, and with making the set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from lmcspec.plan.mask_cost import Seen, mask_costs
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.lines import PERCENT, Look, Point
from lmcspec.report.figures.one_shot import curves_of
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.panels import Panel, grid, panels_of, same_scale
from lmcspec.report.figures.sparsity_axis import finish
from lmcspec.report.figures.style import Drawing, canvas, drawn, legend, looks_of, name_panel, name_y
from lmcspec.report.figures.ticks import thousands

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "Images to find a mask, against sparsity"
UNPACKED, STORED, MADE = "as networks see them", "as they are stored", "with making the set"
DASHES: Mapping[str, Literal["-", "--", ":"]] = {UNPACKED: "-", STORED: "--", MADE: ":"}
SAID = {
    STORED: " Dashed: an image of several tiles counts once for all of them, as it is stored.",
    MADE: " Dotted: real images seen to make the distilled set count, too, those of experts included.",
}
"""What a caption says of lines where they are there."""
Levels = Mapping[str, Mapping[int, Seen]]
"""What the masks of some networks take, by level."""


@dataclass(frozen=True, slots=True)
class CostLine:
    """What the masks of a network take, from level to level; networks with the same line share it."""

    labels: tuple[str, ...]
    networks: tuple[str, ...]
    points: tuple[tuple[float, Seen], ...]

    @property
    def label(self) -> str:
        """The name of the line in the legend."""
        return ", ".join(self.labels)

    def counts(self) -> dict[str, tuple[int, ...]]:
        """Images by how they are counted, where that makes a difference."""
        every = [seen for _, seen in self.points]
        images = {UNPACKED: tuple(seen.unpacked for seen in every)}
        if any(seen.stored != seen.unpacked for seen in every):
            images[STORED] = tuple(seen.stored for seen in every)
        if any(seen.making for seen in every):
            images[MADE] = tuple(seen.unpacked + (seen.making or 0) for seen in every)
        return images


def masks(givens: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A line per network: images seen by all that the mask of a level rests on. They are those of one replicate."""
    from matplotlib.lines import Line2D

    panels = panels_of(givens, options, "accuracy")
    seen = [_seen(panel) for panel in panels]
    lines_by_panel = [_lines(panel, of_panel) for panel, of_panel in zip(panels, seen, strict=True)]
    notes = tuple(note for panel, of_panel in zip(panels, seen, strict=True) for note in _notes(panel, of_panel))
    if not any(lines_by_panel):
        return Drawing(name, TITLE, None, notes=notes or ("there are no masks to find",))
    with drawn():
        if len(panels) == 1:
            figure, ((only,),) = canvas(1, 1, 7.2, 3.7)
            places, leftmost = [only], (True,)
        else:
            made = grid(len(panels), high=2.9, shared=same_scale(options))
            figure, places, leftmost = made.figure, [of_axis[0] for of_axis in made.axes], made.first
        handles: dict[str, Any] = {}
        kinds: set[str] = set()
        for panel, lines, axes, first in zip(panels, lines_by_panel, places, leftmost, strict=True):
            looks = looks_of(panel.given, [line.networks[0] for line in lines])
            for line in lines:
                handles.setdefault(line.label, _draw(axes, line, looks[line.networks[0]]))
                kinds |= set(line.counts())
            _finish(axes, lines, options.x == "sparsity", alone=len(panels) == 1)
            name_panel(axes, "" if len(panels) == 1 else panel.title)
            if first:
                name_y(axes, "images to find the mask")
        ordered = [kind for kind in DASHES if kind in kinds] if len(kinds) > 1 else []
        greys = [Line2D([], [], color="#555555", linestyle=DASHES[kind], label=kind) for kind in ordered]
        legend(figure, [*handles.values(), *greys], "")
    caption = "Images seen by all the work that the mask of a level rests on, in one replicate. "
    caption += "Sparsity is the measured one where there is one."
    caption += "".join(words for kind, words in SAID.items() if kind in kinds)
    if any(_left_out(panel) for panel in panels):
        caption += " Baselines take what the networks take whose masks they have."
    return Drawing(name, TITLE, figure, caption, notes)


def _seen(panel: Panel) -> Levels:
    left_out = _left_out(panel)
    by_network: dict[str, dict[int, Seen]] = {}
    for cost in mask_costs(panel.given.plan, panel.given.case):
        wanted = panel.options.networks is None or cost.network in panel.options.networks
        if wanted and cost.network not in left_out:
            by_network.setdefault(cost.network, {})[cost.level] = cost.seen
    return by_network


def _left_out(panel: Panel) -> set[str]:
    """Baselines that the figure does not name: their lines are those of other networks."""
    if panel.options.networks is not None:
        return set()
    return {network for network in panel.given.pruned if panel.given.original(network) != network}


def _lines(panel: Panel, seen: Levels) -> list[CostLine]:
    """In the order of the networks. What takes nothing has no place on a log scale."""
    given, options = panel.given, panel.options
    lines: dict[tuple, CostLine] = {}
    for curve in curves_of(given, list(seen)):
        points = []
        for network in curve.networks:
            for level in given.levels(network, options.levels, list(seen[network])):
                left = round(PERCENT * given.density(network, level), 9)
                points.append((PERCENT - left if options.x == "sparsity" else left, seen[network][level]))
        if len(curve.networks) > 1:
            points.sort(key=lambda point: point[0])
        key = tuple(point for point in points if point[1].unpacked)
        if key:
            before = lines.get(key, CostLine((), (), key))
            labels, networks = (*before.labels, curve.label), (*before.networks, *curve.networks)
            lines[key] = replace(before, labels=labels, networks=networks)
    return list(lines.values())


def _notes(panel: Panel, seen: Levels) -> Iterator[str]:
    """Notes on networks whose lines are missing or leave something out."""
    nothing = [name for name, levels in seen.items() if not any(by_level.unpacked for by_level in levels.values())]
    files = [name for name, levels in seen.items() if any(by_level.making is None for by_level in levels.values())]
    prefix = f"{panel.title}: " if panel.title else ""
    if nothing:
        yield f"{prefix}{', '.join(nothing)}: no image is seen to find a mask"
    if files:
        yield f"{prefix}{', '.join(files)}: what a set from a file took to make is not known, and not counted"


def _draw(axes: "Axes", line: CostLine, look: Look) -> Any:
    """All lines of a network, and the handle for a legend."""
    x = [place for place, _ in line.points]
    handle = None
    for kind, counts in line.counts().items():
        size = 4.5 if kind == UNPACKED else 2.5
        label = line.label if kind == UNPACKED else f"{line.label}, {kind}"
        (curve,) = axes.plot(
            x, counts, color=look.colour, marker=look.marker, markersize=size, linestyle=DASHES[kind], label=label
        )
        handle = handle or curve
    return handle


def _finish(axes: "Axes", lines: Sequence[CostLine], linear: bool, *, alone: bool) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    finish(axes, {line.label: [Point(x, None) for x, _ in line.points] for line in lines}, linear, top=alone)
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 100 * low else (1.0,)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(thousands)
