"""Barriers over what a family of permutations varies in: the share pruned before, layers from earlier, the step."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from lmcspec.plan.way_axis import key_called
from lmcspec.report.figures.agreements import BY_CHANCE, CHANCE, SAID, chance_beside, held_against, is_of_fixed_points
from lmcspec.report.figures.by_sparsity import pooled_words
from lmcspec.report.figures.by_step import named, shown_levels
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.family_curves import Curve, Curves, axis_of, curves_of
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw, from_zero, points_of
from lmcspec.report.figures.lines import Line, LineStyle, MeanPoint, floors_of, plain, spreads_of
from lmcspec.report.figures.metrics import OnY, check_y, y_of
from lmcspec.report.figures.options import Options, UndrawableError
from lmcspec.report.figures.panels import panels_of
from lmcspec.report.figures.setting_axis import OnX, SettingAxis
from lmcspec.report.figures.sparsity_axis import gaps
from lmcspec.report.figures.style import DASHES, MARKERS, Drawing, shades
from lmcspec.report.figures.ways import asked_ways, label_of_way, look_of_ways, looks_of_ways
from lmcspec.report.tidy import Row, tasks_of
from lmcspec.spec.names import NONE


@dataclass(frozen=True, slots=True)
class Over:
    """What a plot has on x unless the figure says another key, and how it is told."""

    x: str
    words: str
    lines: str | None = None
    """The key by which curves of one panel are told apart, from dark to light; without one all stand in one panel."""


FRACTION = Over("prune.fraction", "share of weights pruned before alignment", "step")
LAYERS = Over("rewind_layers.layers", "layer K of the partial rewind", "rewind_layers.step")
STEP = Over("step", "step at which networks are aligned")


def over_fractions(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A line for each step at which networks are pruned and aligned, a panel for each criterion."""
    return _over(cases, options, name, FRACTION)


def over_layers(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A line for each step from which layers are taken, a panel for each way to choose them."""
    return _over(cases, options, name, LAYERS)


def over_steps(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A line for each family of permutations that are found at several steps."""
    return _over(cases, options, name, STEP)


def _over(cases: Sequence[CaseResults], options: Options, name: str, usual: Over) -> Drawing:
    whats = (options.y,) if isinstance(options.y, str) else (options.y or ("barrier",))
    check_y(cases, options, *whats)
    over = replace(usual, words=options.x, x=options.x) if options.x and options.x != usual.x else usual
    over = replace(over, lines=options.series or over.lines)
    shown: list[LinePanel] = []
    notes: list[str] = []
    for panel in panels_of(cases, options if options.panels == "case" else replace(options, panels=None), ""):
        case = panel.results
        places = list(_places(case, options, whats, over))
        for (_, here, curves), told in zip(places, _told_apart(case, [place for place, *_ in places]), strict=True):
            above = panel.title if options.panels == "case" else told
            on_x = axis_of(case, curves, over.x)
            for part in dict.fromkeys(curves.panel(curve) if over.lines else "" for curve in curves.curves):
                title = ", ".join(filter(None, (above, part)))
                shown_here = [curve for curve in curves.curves if not over.lines or curves.panel(curve) == part]
                drawn = [CurvesDrawn(case, y, of_y, options, on_x, over, curves) for y, of_y in here.items()]
                shown.append(LinePanel(title, [axes.plotted(shown_here) for axes in drawn], OnX(on_x, over.words)))
                notes += [f"{title}: {note}" if title else note for axes in drawn for note in axes.notes(shown_here)]
    if not shown:
        raise UndrawableError(f"no family of permutations varies in {over.x}")
    figure = draw(shown, Frame(2.6, (7.2, 3.7)), options, from_zero)
    titles = [y_of(cases[0], options, what).metric.title for what in whats]
    title = f"{' and '.join([titles[0], *map(str.lower, titles[1:])])} against the {over.words}"
    return Drawing(name, title, figure, _caption(shown, options), tuple(dict.fromkeys(notes)))


class _Place(NamedTuple):
    """What is compared in a panel: by a measure, a network at a level."""

    measure: str
    network: str
    level: int


_Curves = tuple[_Place, dict[OnY, list[Row]], Curves]


def _places(case: CaseResults, options: Options, whats: Sequence[str], over: Over) -> Iterator[_Curves]:
    """Where curves stand, with the rows of each: those of several measures apart, and none twice.

    Panels of cases have one place, where the first measure that compares there counts.
    """
    first = y_of(case, options, whats[0])
    of_cases = options.panels == "case"
    seen: set[frozenset[str]] = set()
    for measure in [options.measure] if of_cases or len(first.measures) == 1 else first.measures:
        narrow = replace(options, measure=measure)
        rows = {y: _rows(case, y, narrow) for y in [y_of(case, narrow, what) for what in whats]}
        for network, level in shown_levels(case, [row for of_y in rows.values() for row in of_y], options):
            here = {
                y: [row for row in of_y if (row.network, row.level) == (network, level)] for y, of_y in rows.items()
            }
            tasks = frozenset(tasks_of(row for of_y in here.values() for row in of_y))
            curves = curves_shown(case, here.values(), options, over)
            if curves.curves and tasks not in seen:
                seen.add(tasks)
                yield _Place(measure or "", network, level), here, curves
                if of_cases:
                    return


def _told_apart(case: CaseResults, places: Sequence[_Place]) -> list[str]:
    """What stands above each panel: the measure, the network and its level, so far as they differ."""
    words = [named(case, place.network, place.level) for place in places]
    known = list(zip(places, words, strict=True))
    often = Counter((place.measure, word) for place, word in known)
    levels = [
        f"{place.network}, {word}" if often[place.measure, word] > 1 and word != place.network else word
        for place, word in known
    ]
    several = len({place.measure for place in places}) > 1
    return [
        ", ".join([place.measure] * several + [level] * (len(set(levels)) > 1))
        for place, level in zip(places, levels, strict=True)
    ]


def curves_shown(case: CaseResults, rows: Iterable[Sequence[Row]], options: Options, over: Over) -> Curves:
    """The curves of the permutations that a figure asks for.

    Where it says none these are the families that vary in what is on x, those that do in nothing else if lines are not
    told apart; and beside them the permutations that stand alone. A figure that nobody asks for has no curves of one
    point.
    """
    ways = list(dict.fromkeys(row.under for of_y in rows for row in of_y))
    if options.under is None:
        vary = [name for name in ways if name != NONE and key_called(case.permutations[name], over.x)]
        plain = [name for name in vary if len(case.permutations[name].paths) == 1]
        alone = [name for name in ways if name == NONE or not case.permutations[name].values]
        ways = [name for name in ways if name in (plain if plain and not over.lines else vary) or name in alone]
    curves = curves_of(case, ways, over.x, over.lines)
    if options.unasked:
        return replace(curves, curves=[curve for curve in curves.curves if len(curve.members) > 1])
    return curves


@dataclass(frozen=True, slots=True)
class CurvesDrawn:
    """What stands in one pair of axes."""

    case: CaseResults
    y: OnY
    rows: Sequence[Row]
    options: Options
    on_x: SettingAxis
    over: Over
    curves: Curves
    """All those of the figure."""

    def plotted(self, curves: Sequence[Curve]) -> Plotted:
        """The level lines, and these curves."""
        return Plotted(self.y, [*self._beside(), *self._lines(curves), *self._by_chance()])

    def notes(self, curves: Sequence[Curve]) -> Iterator[str]:
        """What is missing, of level lines once."""
        yield from gaps({line.label: line.points for line in self._lines(curves)}, self.on_x.in_words)
        for curve in curves if own_step(self.options) else ():
            places = [self.on_x.places[value] for way, value in curve.members.items()]
            unseen = [
                place
                for (way, _), place in zip(curve.members.items(), places, strict=True)
                if not self._row(way, place)
            ]
            if unseen:
                yield f"{label_of_way(curve.name)}: partners are not compared at {self.on_x.in_words(unseen)}"
        for way in self.curves.beside:
            row = next((row for row in self.rows if row.under == way), None)
            if row is None:
                continue
            point = MeanPoint(0.0, self.case.cell(row, self.options), self.case.why(row))
            if point.cell is None:
                yield f"{self._named(row)}: {point.why or 'nothing'} (no line)"
            elif point.amiss:
                yield f"{self._named(row)}: replicates missing or collapsed"

    def _lines(self, curves: Sequence[Curve]) -> Iterator[Line]:
        """A line for each curve, in the order of the values by which they are told apart."""
        told = self.curves.told
        for curve in sorted(curves, key=lambda curve: told.index(curve.told) if curve.told else -1):
            places = {way: self.on_x.places[value] for way, value in curve.members.items()}
            rows = {place: row for way, place in places.items() if (row := self._row(way, place)) is not None}
            points = [
                MeanPoint(place, self.case.cell(row, self.options), self.case.why(row)) for place, row in rows.items()
            ]
            if points:
                label = self._label(curve, next(iter(rows.values())), curves)
                yield Line(label, self._look(curve, curves), points)

    def _beside(self) -> Iterator[Line]:
        """A line for each permutation that doesn't vary in what is on x: level, unless partners are on their way."""
        looks = looks_of_ways(self.case)
        for way in self.curves.beside:
            rows = {x: row for x in sorted(self.on_x.words) if (row := self._row(way, x)) is not None}
            cells = {x: cell for x, row in rows.items() if (cell := self.case.cell(row, self.options)) is not None}
            if cells:
                look = replace(looks[way], marker="", dashes="--", width=1.1)
                points = [MeanPoint(x, plain(cell)) for x, cell in cells.items()]
                yield Line(self._named(next(iter(rows.values()))), look, points)

    def _by_chance(self) -> Iterator[Line]:
        """The share by chance beneath fixed points."""
        if not (is_of_fixed_points(self.y) and self.rows):
            return
        if (cell := chance_beside(self.case, self.rows[0])) is not None:
            yield Line(BY_CHANCE, CHANCE, [MeanPoint(x, cell) for x in sorted(self.on_x.words)])

    def _row(self, way: str, place: float) -> Row | None:
        """The row of a permutation; of partners on their way that after as many updates as the place says."""
        at_place = own_step(self.options) and not is_of_fixed_points(self.y)
        fits = (row for row in self.rows if row.under == way and (not at_place or self.case.until(row) == place))
        return next(fits, None)

    def _named(self, row: Row, name: str | None = None) -> str:
        """What the line of a row is called, or that of all rows of a curve, which has a name of its own."""
        way = name or row.way
        return f"{held_against(self.case, row)} and {way}" if is_of_fixed_points(self.y) else label_of_way(way)

    def _label(self, curve: Curve, row: Row, curves: Sequence[Curve]) -> str:
        word = (self.over.lines or "").rpartition(".")[2]
        alone = sum(other.family == curve.family for other in curves) == 1  # what else tells it stands above the panel
        return f"{word} = {curve.told}" if curve.told else self._named(row, curve.family if alone else curve.name)

    def _look(self, curve: Curve, curves: Sequence[Curve]) -> LineStyle:
        if curve.told:
            place = self.curves.told.index(curve.told)
            return LineStyle(shades(len(self.curves.told))[place], MARKERS[place % len(MARKERS)], "-")
        twins = [other for other in curves if other.family == curve.family]
        dashes = DASHES[twins.index(curve) % len(DASHES)]
        return replace(look_of_ways(self.case, curve.family), dashes=dashes)


def _rows(case: CaseResults, y: OnY, options: Options) -> list[Row]:
    """The rows of partners at their end; on their way, too, where they are compared at the steps of permutations."""
    rows = case.of(y.measures, y.metric, options, on_the_way=own_step(options))
    return asked_ways([row for row in rows if not row.at], options)


def own_step(options: Options) -> bool:
    """Whether partners are compared at the step at which they are aligned."""
    return getattr(options.table, "when", None) == "step"


def _caption(shown: Sequence[LinePanel], options: Options) -> str:
    cells = [cell for panel in shown for cell in panel.cells]
    when = "the step at which they are aligned" if own_step(options) else "the end of their training"
    chance = any(line.label == BY_CHANCE for panel in shown for row in panel.rows for line in row.lines)
    return (
        f"Between partners at {when}, the second permuted; broken lines are of permutations that don't vary in what is "
        f"on x, without their spreads. Means over pairs, {spreads_of(points_of(shown))} one sample standard deviation."
        f"{SAID * chance}{pooled_words(options, cells)}{floors_of(cells)}"
    )
