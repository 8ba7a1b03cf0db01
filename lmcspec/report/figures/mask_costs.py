"""What finding masks takes, against sparsity: images as networks see them, as stored, and with making the set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from lmcspec.base.word_lists import joined
from lmcspec.catalog import Metric
from lmcspec.plan.mask_cost import Seen, mask_costs
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw, points_of
from lmcspec.report.figures.lines import PERCENT, Line, LineStyle, MeanPoint, exact, passed_over
from lmcspec.report.figures.metrics import OnY
from lmcspec.report.figures.one_shot import curves_of
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.panels import Panel, panels_of
from lmcspec.report.figures.sparsity_axis import finish
from lmcspec.report.figures.style import Drawing, looks_of
from lmcspec.report.figures.ticks import thousands
from lmcspec.report.summary import Where

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "Images to find a mask, against sparsity"
UNPACKED, STORED, MADE = "as networks see them", "as they are stored", "with making the set"
COUNTED_DASHES = {UNPACKED: "-", STORED: "--", MADE: ":"}
GREY, SMALL = "#555555", 2.5
"""The colour of what only the legend shows, and the size of the markers of further lines of a network."""
Y = OnY((), Metric(name="images", measure="masks", quantity="images", said="images to find the mask"))
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
    levels: tuple[int, ...]

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


def masks(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A line per network: images seen by all that the mask of a level rests on. They are those of one replicate."""
    panels = panels_of(cases, options, "accuracy")
    seen = [_seen(panel) for panel in panels]
    lines_by_panel = [_lines(panel, of_panel) for panel, of_panel in zip(panels, seen, strict=True)]
    notes = tuple(note for panel, of_panel in zip(panels, seen, strict=True) for note in _notes(panel, of_panel))
    if not any(lines_by_panel):
        return Drawing(name, TITLE, None, notes=notes or ("there are no masks to find",))
    kinds = {kind for lines in lines_by_panel for line in lines for kind in line.counts()}
    keys = {
        kind: LineStyle(GREY, "", dashes) for kind, dashes in COUNTED_DASHES.items() if kind in kinds and len(kinds) > 1
    }
    axis = partial(_finish, options.x == "sparsity", len(panels) == 1)
    shown = [
        LinePanel(panel.title, [Plotted(Y, list(_drawn(panel, lines)), of=None, over_levels=True)], axis)
        for panel, lines in zip(panels, lines_by_panel, strict=True)
    ]
    labels = list(dict.fromkeys(line.label for lines in lines_by_panel for line in lines))
    frame = Frame(2.9, (7.2, 3.7), counted=False)
    figure = draw(shown, frame, options, labels=labels, keys=keys)
    caption = "Images seen by all the work that the mask of a level rests on, in one replicate. "
    caption += "Sparsity is the measured one where there is one."
    caption += "".join(words for kind, words in SAID.items() if kind in kinds)
    if any(_left_out(panel) for panel in panels):
        caption += " Baselines take what the networks take whose masks they have."
    caption += passed_over(points_of(shown))
    return Drawing(name, TITLE, figure, caption, notes)


def _seen(panel: Panel) -> Levels:
    left_out = _left_out(panel)
    by_network: dict[str, dict[int, Seen]] = {}
    for cost in mask_costs(panel.results.plan, panel.results.case):
        wanted = panel.options.networks is None or cost.network in panel.options.networks
        if wanted and cost.network not in left_out:
            by_network.setdefault(cost.network, {})[cost.level] = cost.seen
    return by_network


def _left_out(panel: Panel) -> set[str]:
    """Baselines that the figure does not name: their lines are those of other networks."""
    if panel.options.networks is not None:
        return set()
    return {network for network in panel.results.pruned if panel.results.original(network) != network}


def _lines(panel: Panel, seen: Levels) -> list[CostLine]:
    """Make lines in the order of the networks. What takes nothing has no place on a log scale."""
    case, options = panel.results, panel.options
    lines: dict[tuple, CostLine] = {}
    for curve in curves_of(case, list(seen)):
        points = []
        for network in curve.networks:
            for level in case.levels(network, options.levels, list(seen[network])):
                if not _is_placed(case, network, level):
                    continue
                left = round(PERCENT * case.density(network, level), 9)
                points.append((PERCENT - left if options.x == "sparsity" else left, seen[network][level], level))
        if len(curve.networks) > 1:
            points.sort(key=lambda point: point[0])
        shown = [point for point in points if point[1].unpacked]
        if shown:
            key = tuple((x, images) for x, images, _ in shown)
            before = lines.get(key, CostLine((), (), key, tuple(level for _, _, level in shown)))
            labels, networks = (*before.labels, curve.label), (*before.networks, *curve.networks)
            lines[key] = replace(before, labels=labels, networks=networks)
    return list(lines.values())


def _is_placed(case: CaseResults, network: str, level: int) -> bool:
    """Whether it is known how sparse a level is: not under a mask whose file is not here."""
    return next(planned.known for planned in case.plan.levels[case.case, network] if planned.number == level)


def _notes(panel: Panel, seen: Levels) -> Iterator[str]:
    """Notes on networks whose lines are missing or leave something out."""
    loaded = {name: sorted({file for of in levels.values() for file in of.files}) for name, levels in seen.items()}
    nothing = [
        name for name, of in seen.items() if not loaded[name] and not any(by_level.unpacked for by_level in of.values())
    ]
    files = [name for name, levels in seen.items() if any(by_level.making is None for by_level in levels.values())]
    prefix = f"{panel.title}: " if panel.title else ""
    if nothing:
        yield f"{prefix}{', '.join(nothing)}: no image is seen to find a mask"
    if files:
        yield f"{prefix}{', '.join(files)}: what a set from a file took to make is not known, and not counted"
    unplaced = [name for name, of in seen.items() if not all(_is_placed(panel.results, name, level) for level in of)]
    if unplaced:
        yield f"{prefix}{', '.join(unplaced)}: how sparse some levels are is not known, as a mask's file is not here"
    for what in dict.fromkeys(joined(files) for files in loaded.values() if files):
        names = ", ".join(name for name, files in loaded.items() if joined(files) == what)
        yield f"{prefix}{names}: what the {what} from a file took is not known, and not counted"


def _drawn(panel: Panel, lines: Sequence[CostLine]) -> Iterator[Line]:
    """All lines of each network; the first has its name in the legend."""
    looks = looks_of(panel.results, [line.networks[0] for line in lines])
    for line in lines:
        look = looks[line.networks[0]]
        for kind, counts in line.counts().items():
            first = kind == UNPACKED
            places = [
                Where(panel.results.case, line.networks[0], level, panel.results.sparsity(line.networks[0], level))
                for level in line.levels
            ]
            points = [
                MeanPoint(x, replace(exact(count), where=where))
                for (x, _), count, where in zip(line.points, counts, places, strict=True)
            ]
            label = line.label if first else f"{line.label}, {kind}"
            yield Line(label, replace(look, dashes=COUNTED_DASHES[kind], size=None if first else SMALL), points)


def _finish(linear: bool, alone: bool, axes: "Axes", row: Plotted, width: float, last: bool) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    finish(axes, row.points, linear, top=alone)
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 100 * low else (1.0,)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(thousands)
