"""Tables of words, as a page shows them and a terminal prints them; some words lead to tasks."""

from dataclasses import dataclass

from lmcspec.base.grid import Column, Grid
from lmcspec.report.results_table import ResultsTable, Value


@dataclass(frozen=True, slots=True)
class TextCell:
    """The words of a cell; `tasks` are those that a number comes from, the first of them is linked."""

    text: str
    tasks: tuple[str, ...] = ()
    amiss: bool = False
    """Whether something is missing or collapsed."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """Headings, and lines of cells. The first `names` columns hold names, the last `words` text, the others numbers."""

    headings: tuple[str, ...]
    lines: tuple[tuple[TextCell, ...], ...]
    names: int = 1
    words: int = 0
    places: int = 0
    """Columns behind the names that tell lines apart, too: a level and its sparsity."""
    apart: bool = False
    """Whether the numbers make sense beneath each other."""


def results_in_words(table: ResultsTable) -> TextTable:
    """A line per level of each network, a column per measure and k; each number names the tasks behind it."""
    headings = ("network", "level", "sparsity", *(column.heading for column in table.columns))
    lines = (
        (TextCell(line.network), TextCell(str(line.level)), TextCell(line.sparsity_text), *map(_number, line.values))
        for line in table.lines
    )
    return TextTable(headings, tuple(lines), places=2, apart=True)


def _number(value: Value | None) -> TextCell:
    return TextCell("") if value is None else TextCell(value.text, value.tasks, value.amiss)


def in_terminal(table: TextTable) -> Grid:
    """The table for a terminal."""
    columns = [
        Column(
            heading,
            right=table.names <= place < len(table.headings) - table.words,
            names=place < table.names + table.places,
        )
        for place, heading in enumerate(table.headings)
    ]
    return Grid(columns, [[cell.text for cell in line] for line in table.lines], table.apart)
