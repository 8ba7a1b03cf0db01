"""Units that two permutations send to the same place, in all and group by group, over the step of one of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lmcspec.catalog import Metric
from lmcspec.catalog.metric import PERCENT
from lmcspec.report.figures.agreements import BY_CHANCE, FIXED_POINTS, OF_GROUP, SAID
from lmcspec.report.figures.by_step import named, shown_levels
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.family_curves import Curve, axis_of, in_network_order
from lmcspec.report.figures.layer_axis import short
from lmcspec.report.figures.line_plot import Frame, LinePanel, Plotted, draw, from_zero, points_of
from lmcspec.report.figures.lines import Line, LineStyle, MeanPoint, spreads_of, without_spread
from lmcspec.report.figures.metrics import OnY, check_y, y_of
from lmcspec.report.figures.options import Options, UndrawableError
from lmcspec.report.figures.over_permutations import STEP, CurvesDrawn, curves_shown
from lmcspec.report.figures.panels import panels_of
from lmcspec.report.figures.setting_axis import OnX, SettingAxis
from lmcspec.report.figures.style import Drawing, shades
from lmcspec.report.figures.ways import asked_ways
from lmcspec.report.tidy import Row

MOST_NAMED = 14
"""Groups that a legend names; of more every second, or third."""
BY_GROUP = OnY(
    (), Metric(name=OF_GROUP, measure=FIXED_POINTS, quantity=OF_GROUP, unit=PERCENT, said="the same by group (%)")
)


def over_steps(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A panel for each family and what else its members differ in: over all units above, by group beneath.

    Groups are in the network's order from dark to light, without spreads, which would cover each other.
    """
    check_y(cases, options, FIXED_POINTS)
    over = replace(STEP, x=options.x, words=options.x) if options.x and options.x != STEP.x else STEP
    by_group = getattr(options.table, "groups", None) is not False
    shown: list[LinePanel] = []
    notes: list[str] = []
    groups: dict[str, None] = {}
    for panel in panels_of(cases, options if options.panels == "case" else replace(options, panels=None), ""):
        case, y = panel.results, y_of(panel.results, options, FIXED_POINTS)
        rows = asked_ways(case.of(y.measures, y.metric, options), options)
        places = shown_levels(case, rows, replace(options, levels=options.levels or "all"))
        for place in places[:1] if options.panels == "case" else places:
            here = [row for row in rows if (row.network, row.level) == place]
            curves = curves_shown(case, [here], options, over)
            if not curves.curves:
                continue
            on_x = axis_of(case, curves, over.x)
            above = panel.title if options.panels == "case" else named(case, *place) * (len(places) > 1)
            for curve in curves.curves:
                title = ", ".join(filter(None, (above, curves.panel(curve))))
                drawn = CurvesDrawn(case, y, here, options, on_x, over, curves)
                of_groups = list(_of_groups(case, here, curve, on_x)) if by_group else []
                groups |= dict.fromkeys(line.label for line in of_groups)
                rows_of_panel = [drawn.plotted([curve]), *([Plotted(BY_GROUP, of_groups)] if by_group else [])]
                shown.append(LinePanel(title, rows_of_panel, OnX(on_x, over.words)))
                notes += [f"{title}: {note}" if title else note for note in drawn.notes([curve])]
    if not shown:
        raise UndrawableError(f"no family of permutations varies in {over.x}")
    labels = dict.fromkeys(line.label for panel in shown for line in panel.rows[0].lines)
    labels = sorted(labels, key=lambda label: label == BY_CHANCE)
    every = -(-len(groups) // MOST_NAMED)
    figure = draw(shown, Frame(2.6, (7.2, 3.7)), options, from_zero, [*labels, *list(groups)[:: every or 1]])
    caption = "The share of units that two permutations send to the same place"
    caption += ", over all and by group of units, from the first (dark) to the last (light)" * bool(groups)
    spreads = f"{spreads_of(points_of(shown))} one sample standard deviation{', not shown of groups' * bool(groups)}"
    caption += f". Means over pairs, {spreads}.{SAID}"
    return Drawing(name, f"Fixed points against the {over.words}", figure, caption, tuple(dict.fromkeys(notes)))


def _of_groups(case: CaseResults, rows: Sequence[Row], curve: Curve, on_x: SettingAxis) -> Iterator[Line]:
    """A line for each group of units that is known, in the network's order."""
    keys = {(row.measure, row.network, row.level) for row in rows}
    by_group: dict[str, dict[str, Row]] = {}
    for row in case.rows:
        if row.metric.name.startswith(OF_GROUP) and (row.measure, row.network, row.level) in keys:
            by_group.setdefault(row.metric.name.removeprefix(OF_GROUP), {}).setdefault(row.under, row)
    names = in_network_order(case, list(by_group))
    said = short([name.removesuffix(".weight") for name in names])
    for name, label, colour in zip(names, said, shades(len(names)), strict=True):
        of_group = [(on_x.places[value], by_group[name].get(way)) for way, value in curve.members.items()]
        points = [MeanPoint(place, case.cell(row), case.why(row)) for place, row in of_group if row is not None]
        yield Line(label, LineStyle(colour, ".", "-"), [without_spread(point) for point in points])
