"""Tables of words, as a page shows them and a terminal prints them; some words lead to tasks."""

from dataclasses import dataclass

from lmcspec.base.grid import Column, Grid
from lmcspec.report.results_table import ResultsTable, Value

MOST_ABREAST = 8
"""Columns of numbers side by side on a page; a terminal makes parts of its own."""


@dataclass(frozen=True, slots=True)
class TextCell:
    """The words of a cell; `tasks` are those that a number comes from, the first of them is linked."""

    text: str
    tasks: tuple[str, ...] = ()
    amiss: bool = False
    """Whether something is missing or collapsed."""
    anchor: str = ""
    """The address of the number on its study's page, where it stands there."""


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


def results_on_page(table: ResultsTable) -> TextTable:
    """The same; of more columns than a page shows side by side, such as those of many permutations, a line a number."""
    return _one_a_line(table) if len(table.columns) > MOST_ABREAST else results_in_words(table)


def _one_a_line(table: ResultsTable) -> TextTable:
    lines = (
        (
            TextCell(line.network),
            TextCell(column.heading),
            TextCell(str(line.level)),
            TextCell(line.sparsity_text),
            _number(value),
        )
        for line in table.lines
        for column, value in zip(table.columns, line.values, strict=True)
        if value is not None
    )
    return TextTable(("network", "measure", "level", "sparsity", "mean ± std (n)"), tuple(lines), names=2, places=2)


def _number(value: Value | None) -> TextCell:
    return TextCell("") if value is None else TextCell(value.text, value.tasks, value.amiss, value.anchor)


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
