"""Accuracy and instability against sparsity: a line per network, as the papers draw them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lmcspec.report.figures.best import Choice, apart, axis_of, best, said
from lmcspec.report.figures.given import Given, family
from lmcspec.report.figures.lines import FEW, PERCENT, Look, Point, counted, draw_line, floors_of
from lmcspec.report.figures.metrics import OnY, check_y, threshold_of, y_of
from lmcspec.report.figures.one_shot import Curve, case_without_how_far, curves_of, joins, looks_of_curves
from lmcspec.report.figures.options import Options, UndrawableError
from lmcspec.report.figures.panels import Panel, grid, panels_of, same_scale, steps_of
from lmcspec.report.figures.sparsity_axis import Drawn, finish, gaps, keep_in_view
from lmcspec.report.figures.style import (
    BEST,
    COLOURS,
    DENSE,
    MARKERS,
    Drawing,
    canvas,
    drawn,
    legend,
    look_of_family,
    name_panel,
    name_y,
)
from lmcspec.report.summary import Cell
from lmcspec.report.tidy import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Lines = dict[str, list[Point]]


def accuracy(givens: Sequence[Given], options: Options, name: str) -> Drawing:
    """Accuracy against the weights that remain; dense is a grey band of mean ± sample standard deviation."""
    check_y(givens, options, "accuracy")
    if (varied := axis_of(options)) is not None and any(joins(given, varied) for given in givens):
        raise UndrawableError(
            "`reduce` chooses at equal levels, and the levels of networks that are pruned once differ in sparsity"
        )
    by_case = options.series == "case" and len(givens) > 1
    panels = [Panel("", givens[0], options)] if by_case else panels_of(givens, options, "accuracy")
    alone = len(panels) == 1
    with drawn():
        if alone:
            figure, ((only,),) = canvas(1, 1, 7.2, 3.7)
            places, leftmost = [only], [True]
        else:
            made = grid(len(panels), shared=same_scale(options))
            figure, places, leftmost = made.figure, [own[0] for own in made.axes], made.first
        handles: dict[str, Any] = {}
        cells: list[Cell] = []
        captions: list[str] = []
        notes: list[str] = []
        chosen: list[str] = []
        shown: Lines = {}
        filled: list[Drawn] = []
        for panel, axes, first in zip(panels, places, leftmost, strict=True):
            given, prefix = panel.given, f"{panel.title}: " if panel.title else ""
            y = y_of(given, options, "accuracy")
            choices = best(given, y, panel.options, axis) if (axis := axis_of(options)) else []
            if by_case:
                lines, looks = lines_of_cases(givens, options)
            else:
                lines, looks = _lines(given, given.of(y.measures, y.metric, panel.options), panel.options, choices)
            shown |= lines
            for line in _draw(axes, lines, looks, y.scale):
                handles.setdefault(line.get_label(), line)
            every = [dense_of(one, y_of(one, options, "accuracy"), options) for one in (givens if by_case else [given])]
            dense = every[0]
            if dense is not None and all(one == dense for one in every):
                handles["dense"] = draw_dense(axes, dense, y.scale)
                captions.append(f"{prefix}{_in_words(dense, y.scale)}")
            finish(axes, lines, options.x == "sparsity", top=alone)
            filled.append((axes, lines, looks))
            name_panel(axes, "" if alone else panel.title)
            if first:
                name_y(axes, y.metric.label())
            cells += [point.cell for points in lines.values() for point in points if point.cell]
            notes += [prefix + note for note in gaps(lines)]
            chosen += [f" {prefix}{said(choices)}"] if choices else []
        scale = y_of(givens[0], options, "accuracy").scale
        together = [filled] if same_scale(options) else [[one] for one in filled]
        below = sum(keep_in_view(own, scale) for own in together) > 0
        ordered = [line for label, line in handles.items() if label != "dense"]
        legend(figure, ordered + [handles[one] for one in ("dense",) if one in handles], _over(cells, options))
    caption = f"Means over replicates, {spreads_of(shown)} one sample standard deviation. Sparsity is measured."
    caption += f" Grey: the dense network, {'; '.join(captions)}." if captions else ""
    if below:
        caption += " Collapsed networks far below are open markers at the lower edge."
    caption += "".join(chosen) + pooled_words(options, cells)
    title = f"{y_of(givens[0], options, 'accuracy').metric.title} against sparsity"
    return Drawing(name, title, figure, caption, tuple(notes))


def instability(givens: Sequence[Given], options: Options, name: str) -> Drawing:
    """Instability against the weights that remain, a panel for each k; the line of stability is dashed."""
    check_y(givens, options, "instability")
    options = options if options.panels else replace(options, panels="at")
    panels = panels_of(givens, options, "stability")
    y = y_of(givens[0], options, "instability")
    threshold = threshold_of(givens[0], y)
    with drawn():
        made = grid(len(panels), high=2.9, shared=same_scale(options))
        handles: dict[str, Any] = {}
        cells: list[Cell] = []
        notes: list[str] = []
        for panel, (axes,), first in zip(panels, made.axes, made.first, strict=True):
            rows = _of_one_k(panel, y, notes)
            lines, looks = _lines(panel.given, rows, options, ())
            for line in _draw(axes, lines, looks, y.scale):
                handles.setdefault(line.get_label(), line)
            draw_threshold(axes, threshold)
            finish(axes, lines, options.x == "sparsity")
            name_panel(axes, panel.title)
            if first:
                name_y(axes, y.metric.label())
            cells += [point.cell for points in lines.values() for point in points if point.cell]
            notes += [f"{panel.title}: {note}" for note in gaps(lines)]
        for (axes,) in made.axes:
            axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        legend(made.figure, list(handles.values()), _over(cells, options))
    caption = "Copies that part at step k and the straight path between them; means over replicates and one sample "
    caption += f"standard deviation.{below_threshold(threshold)}{pooled_words(options, cells)}{floors_of(cells)}"
    return Drawing(name, f"{y.metric.title} against sparsity", made.figure, caption, tuple(notes))


def _of_one_k(panel: Panel, y: OnY, notes: list[str]) -> list[Row]:
    rows = panel.given.of(y.measures, y.metric, panel.options)
    steps = steps_of(panel.given, panel.options, "stability")
    first = min((row.at_updates for row in rows), default=0)
    if len(steps) > 1:
        k = next(row.k for row in rows if row.at_updates == first)
        notes.append(f"{panel.title}: k = {k} of {', '.join(steps.values())}; say which with `at`")
    return [row for row in rows if row.at_updates == first]


def spreads_of(lines: Mapping[str, Sequence[Point]]) -> str:
    """What shows spreads in these lines."""
    few = {len(points) <= FEW for points in lines.values()}
    return "bars and bands" if len(few) > 1 else "bars" if few == {True} else "bands"


def pooled_words(options: Options, cells: Sequence[Cell]) -> str:
    """For a caption: that bands are over pairs and copies, too, where they are."""
    if options.band != "all" or not cells:
        return ""
    most = max(cell.n for cell in cells)
    return (
        f" Means and bands are over all pairs and copies of all replicates (up to {most}), which are not independent."
    )


def below_threshold(threshold: float) -> str:
    """For a caption: what the dashed line is."""
    return f" Below the dashed line ({PERCENT * threshold:g} points) a network is stable." if threshold else ""


def draw_threshold(axes: "Axes", threshold: float) -> None:
    """The dashed line below which a network is stable, where there is one."""
    if threshold:
        axes.axhline(PERCENT * threshold, color="#999999", linewidth=1, linestyle=(0, (4, 3)), zorder=1)


def dense_of(given: Given, y: OnY, options: Options) -> Cell | None:
    """The dense network, where all networks have the same; that of the network `baseline` where the figure names one.

    It is the network that the grey band stands for, whichever networks are drawn.
    """
    rows = [row for row in given.of(y.measures, y.metric) if row.level == 0]
    if options.baseline is not None:
        rows = [row for row in rows if options.baseline in (row.network, family(row.network))]
    tasks: dict[str, set[str]] = {}
    for row in rows:
        tasks.setdefault(row.network, set()).add(row.task)
    return given.cell(rows[0], options) if len({frozenset(own) for own in tasks.values()}) == 1 else None


def draw_dense(axes: "Axes", dense: Cell, scale: float) -> Any:
    """A grey band of mean ± std, and the handle for a legend."""
    from matplotlib.lines import Line2D

    mean, std = scale * dense.mean, scale * (dense.std or 0.0)
    if std:
        axes.axhspan(mean - std, mean + std, color=DENSE, alpha=0.13, linewidth=0, zorder=0)
    axes.axhline(mean, color=DENSE, linewidth=1, zorder=1)
    return Line2D([], [], color=DENSE, linewidth=1, label="dense")


def _in_words(dense: Cell, scale: float) -> str:
    spread = "" if dense.std is None else f" ± {scale * dense.std:.2f}"
    return f"{scale * dense.mean:.2f}{spread} (n = {dense.n})"


def _over(cells: Sequence[Cell], options: Options) -> str:
    return counted(cells, options.band == "all")


def _lines(
    given: Given, rows: Sequence[Row], options: Options, choices: Sequence[Choice]
) -> tuple[Lines, dict[str, Look]]:
    """By network, or by family where one of it is chosen; those that are only dense are left out beside others."""
    found: Lines = {}
    chosen, alone = {choice.family for choice in choices}, apart(options)
    networks = [one for one in dict.fromkeys(row.network for row in rows) if family(one) not in chosen or one in alone]
    curves = curves_of(given, [one for one in networks if one in given.pruned] or networks)
    looks = looks_of_curves(given, curves)
    for curve in curves:
        found[curve.label] = list(_points(given, rows, curve, options))
    for choice in choices:
        any_of = next(iter(choice.rows.values())).network
        levels = given.levels(any_of, options.levels, list(choice.rows))
        label = choice.label(alone)
        found[label] = [_point(given, choice.rows[level], options) for level in levels]
        looks[label] = look_of_family(given, choice.family) if label == choice.family else BEST
    if choices:
        labels = {choice.label(alone) for choice in choices}
        found = {one: points for one, points in found.items() if one in given.pruned or one in labels}
    return found, looks


def lines_of_cases(givens: Sequence[Given], options: Options) -> tuple[Lines, dict[str, Look]]:
    """One line for each case, or for each network of a case; a colour for each case.

    Cases that differ in nothing but how far networks are pruned once share a line, as members of a family do.
    """
    found: Lines = {}
    looks: dict[str, Look] = {}
    names: list[str] = []
    for given in givens:
        y = y_of(given, options, "accuracy")
        lines, own = _lines(given, given.of(y.measures, y.metric, options), options, ())
        name = case_without_how_far(given)
        names += [name] if name not in names else []
        for place, (line, points) in enumerate(lines.items()):
            label = name if len(lines) == 1 else f"{name}, {line}"
            colour = COLOURS[names.index(name) % len(COLOURS)]
            mark = MARKERS[(names.index(name) + place) % len(MARKERS)]
            looks.setdefault(label, Look(colour, mark, own[line].dashes if len(lines) > 1 else "-"))
            before = found.setdefault(label, [])
            dense = {point.x for point in before}
            before += [point for point in points if point.x not in dense]
    return found, looks


def _points(given: Given, rows: Sequence[Row], curve: Curve, options: Options) -> Iterator[Point]:
    """The points of one line; the dense one, which several networks have in common, once."""
    dense = False
    for network in curve.networks:
        own = {row.level: row for row in rows if row.network == network}
        for level in given.levels(network, options.levels, sorted(own)):
            if level or not dense:
                yield _point(given, own[level], options)
            dense |= not level


def _point(given: Given, row: Row, options: Options) -> Point:
    left = PERCENT * given.density(row.network, row.level)
    return Point(PERCENT - left if options.x == "sparsity" else left, given.cell(row, options), given.why(row))


def _draw(axes: "Axes", lines: Lines, looks: Mapping[str, Look], scale: float) -> list[Any]:
    return [draw_line(axes, points, looks[one], one, scale) for one, points in lines.items()]
