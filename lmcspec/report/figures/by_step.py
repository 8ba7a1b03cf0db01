"""Instability, accuracy and distance against the step k at which copies part: a line per network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lmcspec.base.members import family, member
from lmcspec.catalog import Metric
from lmcspec.report.figures.by_sparsity import below_threshold, dense_of, pooled_words
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw
from lmcspec.report.figures.lines import PERCENT, Line, LineStyle, MeanPoint, floors_of
from lmcspec.report.figures.metrics import OnY, check_y, threshold_of, y_of
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.panels import Panel, panels_of
from lmcspec.report.figures.step_axis import finish, in_one_unit
from lmcspec.report.figures.style import SPLITS, Drawing, look_of_family, look_of_split, looks_of_places
from lmcspec.report.tidy import Row, tasks_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class OverSteps:
    """A line of one panel: the rows whose means are its points, by step."""

    label: str
    look: LineStyle
    rows: Mapping[int, Row]
    metric: Metric | None = None
    """What it shows where lines of a panel are of other images."""


def instability(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A line per network at its sparsest measured level, and one for the dense network; or the levels asked for.

    With `x = "rewind"` a line per family at its rewind points, and those that stand alone by the k's of their measure;
    with `series = "split"` one for test images and one for training images.
    """
    return _against_steps(cases, options, name, "instability")


def distance(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A line per network and level against k: the distance of the copies' ends, or another side of the triangle."""
    return _against_steps(cases, options, name, "distance")


def _against_steps(cases: Sequence[CaseResults], options: Options, name: str, usual: str) -> Drawing:
    whats = (options.y,) if isinstance(options.y, str) else (options.y or (usual,))
    check_y(cases, options, *whats)
    by_rewind = options.x == "rewind"
    panels = panels_of(cases, options, "stability")
    shown = [_panel(panel, options, whats, several=len(panels) > 1) for panel in panels]
    frame = Frame(2.4, (7.2, 3.5), split_in_label=options.series != "split")
    figure = draw([panel for panel, _ in shown], frame, options, _with_headroom)
    cells = [cell for panel, _ in shown for cell in panel.cells]
    threshold = max(row.threshold for panel, _ in shown for row in panel.rows)
    caption = "Each network at the level named beside it."
    if by_rewind:
        dense_too = ", and dense copies that part there" * any(dense for _, dense in shown)
        caption = f"Each family at the rewind point below it{dense_too}."
    caption += below_threshold(threshold) + pooled_words(options, cells) + floors_of(cells)
    titles = [y_of(cases[0], options, what).metric.title for what in whats]
    title = (
        f"{' and '.join([titles[0], *map(str.lower, titles[1:])])} against {'the rewind point' if by_rewind else 'k'}"
    )
    return Drawing(name, title, figure, caption)


def _panel(panel: Panel, options: Options, whats: Sequence[str], *, several: bool) -> tuple[LinePanel, bool]:
    """A panel, all of whose rows stand over the same steps, and whether a line of it is of the dense network."""
    case, by_rewind = panel.results, options.x == "rewind"
    ys = [y_of(case, options, what) for what in whats]
    if options.series == "split":
        lines = [_by_split(panel, what, by_rewind) for what in whats]
    else:
        lines = [list(_lines(panel, y, by_rewind)) for y in ys]
    every = [line for of_row in lines for line in of_row]
    labels, unit = in_one_unit({step: k for line in every for step, k in _written(line, by_rewind).items()})
    what = "the rewind point" if by_rewind else "the step at which copies part"
    words = f"k ({unit})" if unit and several else f"k, {what}{f' ({unit})' * bool(unit)}"

    def axis(axes: "Axes", row: Plotted, width: float, last: bool) -> None:
        finish(axes, labels, width)
        if last:
            axes.set_xlabel(words)

    rows = [
        Plotted(
            y,
            [Line(line.label, line.look, _points(case, line, options), line.metric) for line in of_row],
            dense_of(case, y, options) if y.of_training else None,
            0.0 if y.of_training else threshold_of(case, y),
        )
        for y, of_row in zip(ys, lines, strict=True)
    ]
    return LinePanel(_title(panel, every, options), rows, axis), any(
        not row.level for line in every for row in line.rows.values()
    )


def _points(case: CaseResults, line: OverSteps, options: Options) -> list[MeanPoint]:
    return [MeanPoint(float(step), case.cell(row, options)) for step, row in line.rows.items()]


def _with_headroom(filled: "Sequence[tuple[Axes, Plotted]]") -> None:
    """Numbers of copies from 0 on, with a little room above."""
    numbers = [axes for axes, row in filled if not row.y.of_training]
    limits = [(min(0.0, axes.get_ylim()[0]), axes.get_ylim()[1]) for axes in numbers]
    for axes, (low, high) in zip(numbers, limits, strict=True):
        axes.set_ylim(low, high + 0.04 * (high - low))


def _by_split(panel: Panel, what: str, by_rewind: bool) -> list[OverSteps]:
    """The lines of all images that were looked at, told apart by these."""
    lines: list[tuple[Metric, OverSteps]] = []
    for split in SPLITS:
        narrow = replace(panel, options=replace(panel.options, split=split))
        y = y_of(panel.results, narrow.options, what)
        lines += [(y.metric, line) for line in _lines(narrow, y, by_rewind)]
    alone = len({line.label for _, line in lines}) == 1
    return [
        OverSteps(
            metric.split if alone else f"{line.label}, {metric.split}",
            look_of_split(metric.split, alone, line.look),
            line.rows,
            metric,
        )
        for metric, line in lines
    ]


def _written(line: OverSteps, by_rewind: bool) -> Mapping[int, str]:
    """The steps of a line as they are written, by update."""
    return {
        step: "0" if not step else (member(row.network).get("rewind") or row.k) if by_rewind else row.k
        for step, row in line.rows.items()
    }


def _title(panel: Panel, lines: Sequence[OverSteps], options: Options) -> str:
    """The panel's own, with the density of its sparse networks where a case has one for all."""
    if options.panels != "case":
        return panel.title
    rows = [row for line in lines for row in line.rows.values() if row.level]
    densities = {f"{PERCENT * panel.results.density(row.network, row.level):.1f}" for row in rows}
    return f"{panel.title} ({densities.pop()} % of weights)" if len(densities) == 1 else panel.title


def _lines(panel: Panel, y: OnY, by_rewind: bool) -> Iterator[OverSteps]:
    rows = panel.results.of(y.measures, y.metric, panel.options)
    accuracy = y.of_training
    alone = [row for row in rows if not by_rewind or "rewind" not in member(row.network)]
    if by_rewind:
        varied = [row for row in rows if "rewind" in member(row.network)]
        yield from _by_rewind(panel, varied, accuracy)
    # An accuracy is one of no k: that of a network which stands alone has no place, and dense is the grey line.
    shown = [] if accuracy else shown_levels(panel.results, alone, panel.options)
    for (network, level), look in looks_of_places(panel.results, shown).items():
        by_step = {row.at_updates: row for row in alone if (row.network, row.level) == (network, level)}
        label = (
            named(panel.results, network, level) if panel.options.panels != "case" else _plainly(panel, network, level)
        )
        yield OverSteps(label, look, by_step)


def _plainly(panel: Panel, network: str, level: int) -> str:
    """Panels of cases share a legend, and their sparsities differ."""
    if not level:
        return named(panel.results, network, level)
    return network if panel.options.levels is None else f"{network}, level {level}"


def _by_rewind(panel: Panel, rows: Sequence[Row], accuracy: bool) -> Iterator[OverSteps]:
    """A line per family and level: each member at its own rewind point, its copies parting there."""
    case = panel.results
    rows_of: dict[tuple[str, int], dict[int, Row]] = {}
    for network in dict.fromkeys(row.network for row in rows):
        of_network = [row for row in rows if row.network == network]
        rewind = case.rewind(network)
        levels = case.levels(network, panel.options.levels or ("last",), sorted({row.level for row in of_network}))
        for row in of_network:
            # Level 0 is the dense network, whose line is its own.
            if row.level and row.level in levels and (accuracy or row.at_updates == rewind):
                rows_of.setdefault((family(network), row.level), {}).setdefault(rewind, row)
    several = {name for name, _ in rows_of if sum(name == other for other, _ in rows_of) > 1}
    for (name, level), places in rows_of.items():
        label = f"{name}, level {level}" if name in several else name
        yield OverSteps(label, look_of_family(case, name), places)


def shown_levels(case: CaseResults, rows: Sequence[Row], options: Options) -> list[tuple[str, int]]:
    """(network, level) of each line: the sparsest measured level of each network, and dense once for all that share it.

    With `levels` those that it names.
    """
    lines: dict[tuple[frozenset[str], int], tuple[str, int]] = {}
    for network in dict.fromkeys(row.network for row in rows):
        measured = sorted({row.level for row in rows if row.network == network})
        for level in case.levels(network, options.levels or ("dense", "last"), measured):
            tasks = frozenset(tasks_of(row for row in rows if (row.network, row.level) == (network, level)))
            lines.setdefault((tasks, level), (network, level))
    return list(lines.values())


def named(case: CaseResults, network: str, level: int) -> str:
    """`imp, 83.2 % sparse`; dense by that word."""
    if not level:
        return network if network not in case.pruned else "dense"
    return f"{network}, {PERCENT * (1 - case.density(network, level)):.1f} % sparse"
