"""Results as a table: a line per level of each network, a column per measure and k."""

from collections.abc import Sequence

from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.style import Drawing
from lmcspec.report.results_table import results_table
from lmcspec.report.text_table import results_in_words
from lmcspec.report.tidy import Row


def table(givens: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """The numbers of the networks, levels and measure that the figure asks for."""
    given = givens[0]
    chosen = [row for row in given.rows if _is_wanted(given, row, options)]
    return Drawing(name, "Results", None, table=results_in_words(results_table(chosen)))


def _is_wanted(given: CaseResults, row: Row, options: Options) -> bool:
    measured = sorted({other.level for other in given.rows if other.network == row.network})
    return (
        (options.networks is None or row.network in options.networks)
        and (options.measure is None or row.measure == options.measure)
        and row.level in given.levels(row.network, options.levels, measured)
    )
