"""Results as a table: a line per level of each network, a column per measure and k."""

from collections.abc import Sequence

from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.style import Drawing
from lmcspec.report.results_table import results_table
from lmcspec.report.text_table import results_on_page
from lmcspec.report.tidy import Row


def table(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """The numbers of the networks, levels and measure that the figure asks for."""
    case = cases[0]
    chosen = [row for row in case.rows if _is_wanted(case, row, options)]
    return Drawing(name, "Results", None, table=results_on_page(results_table(chosen)))


def _is_wanted(case: CaseResults, row: Row, options: Options) -> bool:
    of_network = [other for other in case.rows if other.network == row.network]
    measured = sorted({other.level for other in of_network if options.measure in (None, other.measure)})
    return (
        (options.networks is None or row.network in options.networks)
        and options.measure in (None, row.measure)
        and row.level in case.levels(row.network, options.levels, measured)
    )
