"""Barriers of children against the step k from which both partners train on anew, beside those of copies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lmcspec.report.figures.barriers import what_of
from lmcspec.report.figures.by_sparsity import pooled_words
from lmcspec.report.figures.by_step import named, shown_levels
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw, from_zero
from lmcspec.report.figures.lines import Line, LineStyle, MeanPoint, floors_of
from lmcspec.report.figures.metrics import OnY, check_y, y_of
from lmcspec.report.figures.options import Options, UndrawableError
from lmcspec.report.figures.panels import panels_of
from lmcspec.report.figures.sparsity_axis import gaps
from lmcspec.report.figures.step_axis import finish, in_one_unit
from lmcspec.report.figures.style import Drawing
from lmcspec.report.figures.ways import few_ways, label_of_way, lines_of_ways
from lmcspec.report.tidy import Row, measure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COPIES = "copies of one network"
_BLACK = LineStyle("#222222", "o", "-")


def over_branches(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A panel per network and level, or per case; a line for each permutation of the parents, under k.

    Where a measure of stability has copies that part at some k, a line for these: the same number, of two networks that
    were one until k.
    """
    what = what_of(options)
    check_y(cases, options, what)
    shown: list[LinePanel] = []
    notes: list[str] = []
    for panel in panels_of(cases, options if options.panels == "case" else replace(options, panels=None), ""):
        case, y = panel.results, y_of(panel.results, options, what)
        rows, left_out = few_ways(case, [row for row in case.of(y.measures, y.metric, options) if row.at], options)
        notes += left_out
        copies = _of_copies(case, y)
        beside = case.of(copies.measures, copies.metric, options)
        places = shown_levels(case, rows, options)
        for network, level in places[:1] if options.panels == "case" else places:
            here, apart = (
                [row for row in every if (row.network, row.level) == (network, level)] for every in (rows, beside)
            )
            title = panel.title if options.panels == "case" else named(case, network, level)
            row = Plotted(y, _lines(case, here, apart, options))
            steps = {row.at_updates: row.k for row in (*here, *apart)}
            shown.append(LinePanel(title, [row], partial(_over_k, steps)))
            notes += [f"{title}: {note}" for note in gaps(row.points, lambda at, k=steps: _in_words(at, k))]
    if not shown:
        raise UndrawableError("no children are compared: say `branch = [0, 5]` in the measure")
    figure = draw(shown, Frame(2.9), options, from_zero)
    title = f"{y_of(cases[0], options, what).metric.title} of children against k"
    return Drawing(name, title, figure, _caption(shown, options), tuple(dict.fromkeys(notes)))


def _of_copies(case: CaseResults, y: OnY) -> OnY:
    """The same number of the measures of stability; of none of them where these lack it."""
    metric = measure_of("stability").metrics.like(y.metric)
    return OnY(tuple(case.measures("stability")) if metric is not None else (), metric or y.metric)


def _lines(case: CaseResults, rows: Sequence[Row], copies: Sequence[Row], options: Options) -> list[Line]:
    def point(row: Row) -> MeanPoint:
        return MeanPoint(float(row.at_updates), case.cell(row, options), case.why(row))

    of_k = {row.at_updates: row for row in reversed(copies)}
    of_copies = [Line(COPIES, _BLACK, [point(of_k[at]) for at in sorted(of_k)])] if of_k else []
    return [*of_copies, *lines_of_ways(case, rows, point, lambda way: f"children, {label_of_way(way)}")]


def _over_k(steps: Mapping[int, str], axes: "Axes", row: Plotted, width: float, last: bool) -> None:
    labels, unit = in_one_unit(steps)
    finish(axes, labels, width)
    axes.set_xlabel(f"k, the step at which they part{f' ({unit})' * bool(unit)}")


def _in_words(places: Iterable[float], steps: Mapping[int, str]) -> str:
    return f"k = {', '.join(steps[int(place)] for place in sorted(places))}"


def _caption(shown: Sequence[LinePanel], options: Options) -> str:
    cells = [cell for panel in shown for cell in panel.cells]
    copies = any(line.label == COPIES for panel in shown for line in panel.rows[0].lines)
    return (
        "From step k on both partners train on anew, under other orders of their data; the straight path between their "
        "ends, the second permuted by what aligns their parents"
        f"{'; black: between copies of one network that part at k' * copies}. Means over "
        f"{'pairs and replicates' if copies else 'pairs'} and one sample standard deviation."
        f"{pooled_words(options, cells)}{floors_of(cells)}"
    )
