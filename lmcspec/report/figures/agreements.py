"""Lines of fixed points: which two permutations they are of, and what chance makes of them."""

from dataclasses import replace

from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.lines import LineStyle
from lmcspec.report.figures.metrics import OnY
from lmcspec.report.figures.style import DENSE
from lmcspec.report.summary import Cell
from lmcspec.report.tidy import Row, measure_of

FIXED_POINTS = "fixed-points"
OF_GROUP = "layer-fixed-points/"
"""With the name of a group behind it, the share of its units alone."""
BY_CHANCE = "by chance"
CHANCE = LineStyle(DENSE, "", ":")
"""How the share that two random permutations agree in looks."""
SAID = " Dotted grey: the share of units that two random permutations send to the same place."


def is_of_fixed_points(y: OnY) -> bool:
    """Whether a number is the share of units that two permutations send to the same place."""
    return y.metric.quantity == FIXED_POINTS


def held_against(case: CaseResults, row: Row) -> str:
    """The permutation with which that of a row of fixed points is compared."""
    return next(target.against for target in case.targets(row.measure) if target.under == row.under)


def chance_beside(case: CaseResults, row: Row) -> Cell | None:
    """The share by chance beside a row of fixed points; without a spread, as it is the same for all pairs."""
    metric = measure_of(FIXED_POINTS).metrics.called("fixed-points-by-chance")
    assert metric is not None
    cell = case.cell(replace(row, metric=metric))
    return None if cell is None else replace(cell, std=None, asked=cell.n)
