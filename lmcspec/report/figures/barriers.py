"""Barriers between partners: a line for each permutation under which they are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from lmcspec.base.members import family, member
from lmcspec.report.figures.by_sparsity import over_sparsity, pooled_words
from lmcspec.report.figures.by_step import named, shown_levels
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw, from_zero, points_of
from lmcspec.report.figures.lines import PERCENT, MeanPoint, floors_of, passed_over
from lmcspec.report.figures.metrics import check_y, y_of
from lmcspec.report.figures.options import Options, UndrawableError
from lmcspec.report.figures.panels import panels_of
from lmcspec.report.figures.sparsity_axis import gaps
from lmcspec.report.figures.step_axis import on_the_way, over_training, point_of
from lmcspec.report.figures.style import Drawing
from lmcspec.report.figures.ways import few_ways, lines_of_ways
from lmcspec.report.tidy import Row


def over_time(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A panel per case, or per network and level that are followed; x is `epoch` or `step`."""
    what = what_of(options)
    check_y(cases, options, what)
    shown: list[LinePanel] = []
    notes: list[str] = []
    for panel in panels_of(
        cases, options if options.panels == "case" else replace(options, panels=None), "connectivity"
    ):
        case, y = panel.results, y_of(panel.results, options, what)
        every = case.of(y.measures, y.metric, options, on_the_way=True)
        # Children are no states on their parents' way.
        rows, left_out = few_ways(case, [row for row in every if not row.at], options)
        notes += left_out
        followed = {(row.network, row.level) for row in rows if row.through is not None}
        rows = [row for row in rows if (row.network, row.level) in followed]
        places = shown_levels(case, rows, options)
        for network, level in places[:1] if options.panels == "case" else places:
            of_place = [row for row in rows if (row.network, row.level) == (network, level)]
            title = panel.title if options.panels == "case" else named(case, network, level)
            row = Plotted(y, lines_of_ways(case, of_place, lambda row, case=case: point_of(case, row, options)))
            shown.append(LinePanel(title, [row], partial(over_training, options)))
            notes += [f"{title}: {note}" for note in gaps(row.points, on_the_way)]
    title = f"{y_of(cases[0], options, what).metric.title} through training"
    if not shown:
        note = 'no partners are compared on their way: say `through = "1ep"` in the measure'
        return Drawing(name, title, None, notes=(note,))
    figure = draw(shown, Frame(2.9), options, from_zero)
    return Drawing(name, title, figure, _caption(shown, options), tuple(dict.fromkeys(notes)))


def over_levels(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A panel per network or case, over the weights that remain."""
    what = what_of(options)
    check_y(cases, options, what)
    options = options if options.panels else replace(options, panels="network")
    panels: dict[bool, list[LinePanel]] = {True: [], False: []}
    notes: list[str] = []
    for panel in panels_of(cases, options, "connectivity"):
        case, y = panel.results, y_of(panel.results, panel.options, what)
        every = case.of(y.measures, y.metric, panel.options)
        rows, left_out = few_ways(case, [row for row in every if not row.at], options)
        notes += left_out
        rows = _of_levels(case, rows, options)
        if not rows:
            continue

        def point(row: Row, case: CaseResults = case) -> MeanPoint:
            left = PERCENT * case.density(row.network, row.level)
            return MeanPoint(
                PERCENT - left if options.x == "sparsity" else left, case.cell(row, options), case.why(row)
            )

        plotted = Plotted(y, lines_of_ways(case, rows, point, called=_members(case, options)), over_levels=True)
        sparse = any(row.network in case.pruned for row in rows)
        panels[sparse].append(LinePanel(panel.title, [plotted], partial(over_sparsity, options)))
        notes += [f"{panel.title}: {note}" for note in gaps(plotted.points)]
    # Of a network that is only dense there is nothing to see over levels, beside others.
    shown = panels[True] or panels[False]
    if not shown:
        raise UndrawableError("nothing is compared at these levels")
    title = f"{y_of(cases[0], options, what).metric.title} against sparsity"
    figure = draw(shown, Frame(2.9), options, from_zero)
    caption = _caption(shown, options) + passed_over(points_of(shown))
    return Drawing(name, title, figure, caption, tuple(dict.fromkeys(notes)))


def what_of(options: Options) -> str:
    """The quantity that a figure of barriers shows, which is one."""
    return options.y if isinstance(options.y, str) else "barrier"


def _members(case: CaseResults, options: Options) -> Mapping[str, str] | None:
    """What members of families are called where a panel's title has their family's name, and there are several.

    `rewind=0` of `imp[rewind=0]`; None where networks are called by their whole names.
    """
    wanted = [network for network in case.networks if options.networks is None or network in options.networks]
    members = {network: network.partition("[")[2].removesuffix("]") for network in wanted if member(network)}
    if options.panels != "network" or len({family(network) for network in members}) < 2:
        return None
    return members


def _of_levels(case: CaseResults, rows: Sequence[Row], options: Options) -> list[Row]:
    """The rows of the levels that the figure asks for."""
    wanted = {
        network: case.levels(network, options.levels, sorted({row.level for row in rows if row.network == network}))
        for network in {row.network for row in rows}
    }
    return [row for row in rows if row.level in wanted[row.network]]


def _caption(shown: Sequence[LinePanel], options: Options) -> str:
    cells = [cell for panel in shown for cell in panel.cells]
    return (
        "The straight path between partners, from different initialisations, the second permuted as the legend says; "
        f"means over pairs and one sample standard deviation.{pooled_words(options, cells)}{floors_of(cells)}"
    )
