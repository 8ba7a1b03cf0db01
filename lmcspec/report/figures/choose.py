"""Which figures a report has: those that the spec asks for, else those that its measures allow."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lmcspec.catalog import PlotCard, built_in, get
from lmcspec.catalog.figure import Figure
from lmcspec.plan import Plan
from lmcspec.plan.case_settings import case_axis
from lmcspec.plan.graph import Way
from lmcspec.plan.way_axis import varying
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.options import Options, UndrawableError, options_of
from lmcspec.report.figures.style import Drawing
from lmcspec.report.tidy import Results, ResultsOf, Row


def drawings(
    plan: Plan, case: str, rows: Sequence[Row], store: Results, figures: Mapping[str, Figure]
) -> Iterator[Drawing]:
    """The figures of one case; of several, without those that show all of them (see `across`)."""
    of_case = CaseResults(plan, case, [row for row in rows if row.case == case], ResultsOf(plan, store), store)
    several = len({row.case for row in rows}) > 1
    figures_of_case = {name: options_of(figure) for name, figure in figures.items()} or _unasked(of_case)
    for name, options in figures_of_case.items():
        if not (several and shows_all(options)):
            yield _drawing([of_case], name, options)


def across(
    plan: Plan, rows: Sequence[Row], store: Results, figures: Mapping[str, Mapping[str, Figure]]
) -> Iterator[Drawing]:
    """The figures in which the cases of a sweep stand side by side; `figures` are by case and name."""
    cases = dict.fromkeys(row.case for row in rows)
    if len(cases) < 2:
        return
    results = ResultsOf(plan, store)
    results_of = {
        case: CaseResults(plan, case, [row for row in rows if row.case == case], results, store) for case in cases
    }
    of_all: dict[str, dict[str, Options]] = {}
    for case in cases:
        for name, figure in figures.get(case, {}).items():
            # A case that changes a figure, or has none of its name, keeps its own.
            if shows_all(options := options_of(figure)):
                of_all.setdefault(name, {})[case] = options
    if not any(figures.get(case) for case in cases):
        of_all |= {name: dict.fromkeys(cases, options) for name, options in _unasked_of_all(results_of)}
    for name, of_cases in of_all.items():
        yield _drawing([results_of[case] for case in of_cases], name, of_all_cases(list(of_cases.values())))


def of_all_cases(every: Sequence[Options]) -> Options:
    """The options of the panels of all cases: families have other members in each, so what is named is that of any."""
    networks, under = (_of_any([getattr(options, key) for options in every]) for key in ("networks", "under"))
    return replace(every[0], networks=networks, under=under)


def _of_any(every: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """The names of any of these; none where one of them is of all."""
    often: Counter[str] = Counter()
    for names in every:
        if names is None:
            return None
        often |= Counter(names)  # what stands twice, a member beside its family, stays so
    return tuple(often.elements())


def shows_all(options: Options) -> bool:
    """Whether a figure is one of all cases together."""
    return _card(options.plot).across == "always" or options.shows_cases


def _card(plot: str) -> PlotCard:
    card = get("plot", plot)
    assert isinstance(card, PlotCard)
    return card


def _unasked(case: CaseResults) -> dict[str, Options]:
    """The figures of a study that asks for none."""
    cards = [card for card in built_in("plot").values() if isinstance(card, PlotCard)]
    fitting = (card for card in cards if not card.along_cases and _fits(case, card) and _varies(case, card))
    chosen = sorted(fitting, key=lambda card: card.place)
    return {card.name: Options(card.name) for card in chosen}


def _varies(case: CaseResults, card: PlotCard) -> bool:
    """Whether permutations of one measure vary in what stands on x of a plot that is drawn over that."""
    axes = card.varies_under(Options(card.name)).values()
    measures = [name for kind in card.measures for name in case.measures(kind)]
    shown = [{row.under for row in case.rows if row.measure == name} for name in measures]
    of_measures = [[way for way in case.permutations.values() if way.name in names] for names in shown]
    return not axes or any(all(_several(ways, varying(ways, axis)) for axis in axes) for ways in of_measures)


def _several(ways: Sequence[Way], keys: Mapping[str, str]) -> bool:
    """Whether a family of permutations has several values of what it varies in, by the short names of that."""
    values = {(way.family, way.values[keys[way.name]]) for way in ways if way.name in keys}
    return len(values) > len({family for family, _ in values})


def _unasked_of_all(results_of: Mapping[str, CaseResults]) -> Iterator[tuple[str, Options]]:
    """The figures of all cases together of a study that asks for none."""
    plan = next(iter(results_of.values())).plan
    for card in built_in("plot").values():
        assert isinstance(card, PlotCard)
        if card.along_cases and case_axis(plan, None) and any(_fits(case, card) for case in results_of.values()):
            yield card.name, Options(card.name)


def _fits(case: CaseResults, card: PlotCard) -> bool:
    measures = case.measures(card.measures[0]) if card.measures else []
    rows = [row for row in case.rows if row.measure in measures]
    match card.unasked:
        case "always":
            return True
        case "measured":
            return bool(measures)
        case "several k":
            return any(
                len({row.at_updates for row in rows if row.at and row.measure == measure}) > 1 for measure in measures
            )
        case "several levels":
            return len({(row.network, row.level) for row in rows}) > len({row.network for row in rows})
        case "followed":
            return any(row.through is not None for row in rows)
        case _:
            return False


def _drawing(cases: Sequence[CaseResults], name: str, options: Options) -> Drawing:
    card = _card(options.plot)
    if card.measures and not any(case.measures(kind) for case in cases for kind in card.measures):
        kinds = " or ".join(card.measures)
        return Drawing(name, name, None, notes=(f"{card.name} needs a measure of the kind {kinds}, and none is there",))
    try:
        drawing = card.load()(cases, options, name)
        if not isinstance(drawing, Drawing):
            raise TypeError(f"it gives a {type(drawing).__name__} and no Drawing")
    except UndrawableError as why:
        return Drawing(name, name, None, notes=(str(why),))
    except Exception as error:
        if card.name in built_in("plot"):
            raise
        package = card.implementation.partition(":")[0].partition(".")[0]
        why = f"{type(error).__name__}: {error}"
        return Drawing(name, name, None, notes=(f"the plot `{card.name}` of {package} can't draw it: {why}",))
    return drawing
