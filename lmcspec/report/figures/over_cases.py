"""Barriers and fixed points over a setting in which the cases of a sweep differ, such as the width of the model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lmcspec.plan.case_settings import CaseAxis, case_axis
from lmcspec.report.figures.agreements import (
    BY_CHANCE,
    CHANCE,
    FIXED_POINTS,
    SAID,
    chance_beside,
    held_against,
    is_of_fixed_points,
)
from lmcspec.report.figures.by_sparsity import pooled_words
from lmcspec.report.figures.by_step import shown_levels
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw, from_zero, points_of
from lmcspec.report.figures.lines import Line, LineStyle, MeanPoint, floors_of, spreads_of
from lmcspec.report.figures.metrics import OnY, check_y, y_of
from lmcspec.report.figures.options import Options, UndrawableError
from lmcspec.report.figures.setting_axis import OnX, SettingAxis, axis_of_values
from lmcspec.report.figures.sparsity_axis import gaps
from lmcspec.report.figures.style import DASHES, DENSE, Drawing
from lmcspec.report.figures.ways import asked_ways, few_ways, label_of_way, looks_of_ways, uncrowded
from lmcspec.report.tidy import Row, measure_of

Place = tuple[str, int]
"""(network, level)."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The cases that differ in x alone, with where each stands."""

    name: str
    cases: Sequence[tuple[CaseResults, float]]


def over_cases(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A line for each permutation; a panel for each network and level, and for what else cases differ in.

    With `series = "case"` the latter are told apart by lines. Several `y` stand one above the other.
    """
    whats = (options.y,) if isinstance(options.y, str) else (options.y or ("barrier",))
    check_y(cases, options, *whats)
    axis = case_axis(cases[0].plan, options.x)
    if axis is None:
        raise UndrawableError(f"the cases don't differ in {options.x or 'the width of their model'}")
    there = [case for case in cases if case.case in axis.values]
    on_x = axis_of_values([axis.values[case.case] for case in there])
    groups = _groups(there, axis, on_x)
    ys = [y_of(cases[0], options, what) for what in whats]
    kept, left_out = few_ways(there[0], [row for y in ys for row in _rows(there[0], y, options) if row.under], options)
    options = replace(options, under=tuple(dict.fromkeys(row.under for row in kept))) if left_out else options
    told_by_lines = options.series == "case"
    shown: list[LinePanel] = []
    notes = list(left_out)
    for together in [groups] if told_by_lines else [[group] for group in groups]:
        places = _places(together, ys, options)
        for place in places:
            title = ", ".join(filter(None, ("" if told_by_lines else together[0].name, _named(place, places))))
            rows = [Plotted(y, list(_lines(together, place, y, options))) for y in ys]
            shown.append(LinePanel(title, rows, OnX(on_x, _said_of(axis.key))))
            for row in rows:
                notes += [f"{title}: {note}" if title else note for note in gaps(row.points, on_x.in_words)]
    if not shown:
        raise UndrawableError("nothing is compared at these levels")
    figure = draw(shown, Frame(2.6, (7.2, 3.7)), options, from_zero)
    cells = [cell for panel in shown for cell in panel.cells]
    titles = [y.metric.title for y in ys]
    title = f"{' and '.join([titles[0], *map(str.lower, titles[1:])])} against {_said_of(axis.key)}"
    chance = SAID if FIXED_POINTS in whats else ""
    caption = (
        f"Each case of the sweep at its {_said_of(axis.key)}; means over pairs, {spreads_of(points_of(shown))} one "
        f"sample standard deviation.{chance}{pooled_words(options, cells)}{floors_of(cells)}"
    )
    return Drawing(name, title, figure, caption, tuple(dict.fromkeys(notes)))


def _groups(cases: Sequence[CaseResults], axis: CaseAxis, on_x: SettingAxis) -> list[_Group]:
    groups: dict[str, list[tuple[CaseResults, float]]] = {}
    for case in cases:
        groups.setdefault(axis.groups[case.case], []).append((case, on_x.places[axis.values[case.case]]))
    return [_Group(name, of_group) for name, of_group in groups.items()]


def _said_of(key: str) -> str:
    """`width` of `model.width`, and of `model.widths`, which say of each layer the same."""
    word = key.rpartition(".")[2]
    return "width" if word == "widths" else word


def _rows(case: CaseResults, y: OnY, options: Options) -> list[Row]:
    """The rows of a number in one case, each measure's own: two may hold permutations against different ones."""
    rows = [row for measure in y.measures for row in case.of(measure, y.metric, options)]
    if not measure_of(y.metric.measure).of_partners:
        return rows
    return asked_ways([row for row in rows if not row.at], options)


def _places(groups: Sequence[_Group], ys: Sequence[OnY], options: Options) -> list[Place]:
    """(network, level) of each panel, as far as any case has them."""
    places: dict[Place, None] = {}
    for group in groups:
        for case, _ in group.cases:
            rows = [row for y in ys for row in _rows(case, y, options)]
            places |= dict.fromkeys(shown_levels(case, rows, options))
    return list(places)


def _named(place: Place, places: Sequence[Place]) -> str:
    """`imp, level 3` where there are several; its sparsity may be another in each case."""
    network, level = place
    if len(places) == 1:
        return ""
    alone = sum(name == network for name, _ in places) == 1
    return network if alone else f"{network}, {f'level {level}' if level else 'dense'}"


def _lines(groups: Sequence[_Group], place: Place, y: OnY, options: Options) -> Iterator[Line]:
    """Those of each group and permutation, and the line of chance beneath fixed points."""
    for number, group in enumerate(groups):
        points: dict[tuple[str, str], list[MeanPoint]] = {}
        for case, x in group.cases:
            for row in _first_of_each(_rows(case, y, options), place):
                label = ", ".join(filter(None, (_label(case, row), group.name * (len(groups) > 1))))
                points.setdefault((label, row.under), []).append(MeanPoint(x, case.cell(row, options), case.why(row)))
        looks = looks_of_ways(group.cases[0][0])
        for (label, way), of_line in points.items():
            look = looks.get(way, LineStyle(DENSE, "o", "-"))
            look = replace(look, dashes=DASHES[number % len(DASHES)]) if len(groups) > 1 else look
            yield Line(label, uncrowded(look, of_line), of_line)
    if is_of_fixed_points(y):
        every = [(case, x, row) for group in groups for case, x in group.cases for row in _rows(case, y, options)]
        cells = {x: chance_beside(case, row) for case, x, row in every if (row.network, row.level) == place}
        if any(cells.values()):
            yield Line(BY_CHANCE, CHANCE, [MeanPoint(x, cell) for x, cell in cells.items() if cell])


def _first_of_each(rows: Sequence[Row], place: Place) -> list[Row]:
    """One row for each measure and permutation of a place: those of other replicates are in its mean."""
    unique: dict[tuple[str, str], Row] = {}
    for row in rows:
        if (row.network, row.level) == place:
            unique.setdefault((row.measure, row.under), row)
    return list(unique.values())


def _label(case: CaseResults, row: Row) -> str:
    """`under wm`; of fixed points `wm and ind`; of what is of no partners the network's name."""
    if not row.under:
        return row.network
    fixed = row.metric.quantity == FIXED_POINTS
    return f"{held_against(case, row)} and {row.under}" if fixed else label_of_way(row.under)
