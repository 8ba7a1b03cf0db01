"""Accuracy and instability against sparsity: a line per network, as the papers draw them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lmcspec.base.members import family
from lmcspec.report.figures.best import Choice, apart, axis_of, best, said
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.line_plot import DENSE_LABEL, Frame, LinePanel, Plotted, draw, from_zero, points_of
from lmcspec.report.figures.lines import PERCENT, Line, LineStyle, MeanPoint, floors_of, passed_over, spreads_of
from lmcspec.report.figures.metrics import OnY, check_y, threshold_of, y_of
from lmcspec.report.figures.one_shot import NetworksLine, case_without_how_far, curves_of, joins, looks_of_curves
from lmcspec.report.figures.options import Options, UndrawableError
from lmcspec.report.figures.panels import Panel, panels_of, same_scale, steps_of
from lmcspec.report.figures.sparsity_axis import finish, gaps, keep_in_view
from lmcspec.report.figures.style import BEST, COLOURS, MARKERS, Drawing, look_of_family
from lmcspec.report.summary import Cell
from lmcspec.report.tidy import Row, tasks_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def accuracy(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """Accuracy against the weights that remain; dense is a grey line with mean ± sample standard deviation."""
    check_y(cases, options, "accuracy")
    axis = axis_of(options)
    if axis is not None and any(joins(case, axis) for case in cases):
        raise UndrawableError(
            "`reduce` chooses at equal levels, and the levels of networks that are pruned once differ in sparsity"
        )
    by_case = options.series == "case" and len(cases) > 1
    panels = [Panel("", cases[0], options)] if by_case else panels_of(cases, options, "accuracy")
    shown: list[LinePanel] = []
    captions: list[str] = []
    notes: list[str] = []
    chosen: list[str] = []
    for panel in panels:
        case, prefix = panel.results, f"{panel.title}: " if panel.title else ""
        y = y_of(case, options, "accuracy")
        choices = best(case, y, panel.options, axis) if axis else []
        if by_case:
            lines = lines_of_cases(cases, options)
        else:
            lines = lines_of(case, case.of(y.measures, y.metric, panel.options), panel.options, choices)
        every = [dense_of(each, y_of(each, options, "accuracy"), options) for each in (cases if by_case else [case])]
        dense = every[0] if all(dense == every[0] for dense in every) else None
        row = Plotted(y, lines, dense, over_levels=True)
        shown.append(LinePanel(panel.title, [row], partial(over_sparsity, options, alone=len(panels) == 1)))
        captions += [f"{prefix}{_in_words(dense, y.scale)}"] if dense is not None else []
        notes += [prefix + note for note in gaps(row.points)]
        chosen += [f" {prefix}{said(choices)}"] if choices else []
    below: list[bool] = []

    def settle(filled: "Sequence[tuple[Axes, Plotted]]") -> None:
        for together in [filled] if same_scale(options) else [[panel] for panel in filled]:
            below.append(keep_in_view([(axes, row.lines) for axes, row in together], together[0][1].y.scale))

    labels = dict.fromkeys(line.label for panel in shown for line in panel.rows[0].lines)
    labels |= {DENSE_LABEL: None} if captions else {}
    ordered = sorted(labels, key=lambda label: label == DENSE_LABEL)
    figure = draw(shown, Frame(2.6, (7.2, 3.7)), options, settle, ordered)
    cells = [cell for panel in shown for cell in panel.cells]
    caption = (
        f"Means over replicates, {spreads_of(points_of(shown))} one sample standard deviation. Sparsity is measured."
    )
    caption += f" Grey: the dense network, {'; '.join(captions)}." if captions else ""
    if any(below):
        caption += " Collapsed networks far below are open markers at the lower edge."
    caption += "".join(chosen) + passed_over(points_of(shown)) + pooled_words(options, cells)
    title = f"{y_of(cases[0], options, 'accuracy').metric.title} against sparsity"
    return Drawing(name, title, figure, caption, tuple(notes))


def instability(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """Instability against the weights that remain, a panel for each k; the line of stability is dashed."""
    check_y(cases, options, "instability")
    options = options if options.panels else replace(options, panels="at")
    y = y_of(cases[0], options, "instability")
    threshold = threshold_of(cases[0], y)
    shown: list[LinePanel] = []
    notes: list[str] = []
    for panel in panels_of(cases, options, "stability"):
        lines = lines_of(panel.results, _of_one_k(panel, y, notes), options)
        row = Plotted(y, lines, threshold=threshold, over_levels=True)
        shown.append(LinePanel(panel.title, [row], partial(over_sparsity, options)))
        notes += [f"{panel.title}: {note}" for note in gaps(row.points)]
    figure = draw(shown, Frame(2.9), options, from_zero)
    cells = [cell for panel in shown for cell in panel.cells]
    caption = "Copies that part at step k and the straight path between them; means over replicates and one sample "
    caption += f"standard deviation.{below_threshold(threshold)}{passed_over(points_of(shown))}"
    caption += pooled_words(options, cells) + floors_of(cells)
    return Drawing(name, f"{y.metric.title} against sparsity", figure, caption, tuple(notes))


def over_sparsity(options: Options, axes: "Axes", row: Plotted, width: float, last: bool, alone: bool = False) -> None:
    """What is on x of a panel of lines over sparsity; `alone` leaves room for a second axis on top."""
    finish(axes, row.points, options.x == "sparsity", top=alone)


def _of_one_k(panel: Panel, y: OnY, notes: list[str]) -> list[Row]:
    rows = panel.results.of(y.measures, y.metric, panel.options)
    steps = steps_of(panel.results, panel.options, "stability")
    first = min((row.at_updates for row in rows), default=0)
    if len(steps) > 1:
        k = next(row.k for row in rows if row.at_updates == first)
        notes.append(f"{panel.title}: k = {k} of {', '.join(steps.values())}; say which with `at`")
    return [row for row in rows if row.at_updates == first]


def pooled_words(options: Options, cells: Sequence[Cell]) -> str:
    """For a caption: that bands are over pairs and copies, too, where they are."""
    if options.band != "all" or not cells:
        return ""
    most = max(cell.n for cell in cells)
    return (
        f" Means and bands are over all pairs and copies of all replicates (up to {most}), which are not independent."
    )


def below_threshold(threshold: float) -> str:
    """The part of a caption that says what the dashed line at the threshold is."""
    return f" Below the dashed line ({PERCENT * threshold:g} points) a network is stable." if threshold else ""


def dense_of(case: CaseResults, y: OnY, options: Options) -> Cell | None:
    """The dense network, where all networks have the same; that of the network `baseline` where the figure names one.

    It is the network that the grey line stands for, whichever networks are drawn.
    """
    rows = [row for row in case.of(y.measures, y.metric) if row.level == 0]
    if options.baseline is not None:
        rows = [row for row in rows if options.baseline in (row.network, family(row.network))]
    tasks: dict[str, set[str]] = {}
    for row in rows:
        tasks.setdefault(row.network, set()).update(tasks_of([row]))
    return case.cell(rows[0], options) if len({frozenset(of_network) for of_network in tasks.values()}) == 1 else None


def _in_words(dense: Cell, scale: float) -> str:
    spread = "" if dense.std is None else f" ± {scale * dense.std:.2f}"
    return f"{scale * dense.mean:.2f}{spread} (n = {dense.n})"


def lines_of(case: CaseResults, rows: Sequence[Row], options: Options, choices: Sequence[Choice] = ()) -> list[Line]:
    """A line for each network, or family where one of it is chosen; beside others the only dense are left out."""
    chosen, alone = {choice.family for choice in choices}, apart(options)
    networks = [
        network
        for network in dict.fromkeys(row.network for row in rows)
        if family(network) not in chosen or network in alone
    ]
    curves = curves_of(case, [network for network in networks if network in case.pruned] or networks)
    looks = looks_of_curves(case, curves)
    lines = [Line(curve.label, looks[curve.label], list(_points(case, rows, curve, options))) for curve in curves]
    if choices:
        lines = [line for line in lines if line.label in case.pruned]
    for choice in choices:
        any_of = next(iter(choice.rows.values())).network
        levels = case.levels(any_of, options.levels, list(choice.rows))
        label = choice.label(alone)
        look = look_of_family(case, choice.family) if label == choice.family else BEST
        lines.append(Line(label, look, [_point(case, choice.rows[level], options) for level in levels]))
    return lines


def lines_of_cases(cases: Sequence[CaseResults], options: Options) -> list[Line]:
    """One line for each case, or for each network of a case; a colour for each case.

    Cases that differ in nothing but how far networks are pruned once share a line, as members of a family do.
    """
    lines: dict[str, Line] = {}
    names: list[str] = []
    for case in cases:
        y = y_of(case, options, "accuracy")
        of_case = lines_of(case, case.of(y.measures, y.metric, options), options)
        name = case_without_how_far(case)
        names += [name] if name not in names else []
        for place, line in enumerate(of_case):
            label = ", ".join(filter(None, (name, line.label if len(of_case) > 1 or not name else "")))
            colour = COLOURS[names.index(name) % len(COLOURS)]
            mark = MARKERS[(names.index(name) + place) % len(MARKERS)]
            look = LineStyle(colour, mark, line.look.dashes if len(of_case) > 1 else "-")
            before = lines.get(label, Line(label, look, ()))
            dense = 0.0 if options.x == "sparsity" else PERCENT  # which such cases share
            has_dense = any(point.x == dense for point in before.points)
            more = [point for point in line.points if not (has_dense and point.x == dense)]
            lines[label] = replace(before, points=[*before.points, *more])
    return list(lines.values())


def _points(case: CaseResults, rows: Sequence[Row], curve: NetworksLine, options: Options) -> Iterator[MeanPoint]:
    """The points of one line; the dense one, which several networks have in common, once."""
    dense = False
    for network in curve.networks:
        by_level = {row.level: row for row in rows if row.network == network}
        for level in case.levels(network, options.levels, sorted(by_level)):
            if level or not dense:
                yield _point(case, by_level[level], options)
            dense |= not level


def _point(case: CaseResults, row: Row, options: Options) -> MeanPoint:
    left = PERCENT * case.density(row.network, row.level)
    return MeanPoint(PERCENT - left if options.x == "sparsity" else left, case.cell(row, options), case.why(row))
