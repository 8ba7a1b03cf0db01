"""Tables as a page shows them: headings, and lines of words, some of which lead to tasks."""

from dataclasses import dataclass

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
    """Headings, and lines of cells. The first `names` columns hold names, the others numbers."""

    headings: tuple[str, ...]
    lines: tuple[tuple[TextCell, ...], ...]
    names: int = 1


def results_in_words(table: ResultsTable) -> TextTable:
    """A line per level of each network, a column per measure and k; each number names the tasks behind it."""
    headings = ("network", "level", "sparsity", *(column.heading for column in table.columns))
    lines = (
        (TextCell(line.network), TextCell(str(line.level)), TextCell(line.sparsity_text), *map(_number, line.values))
        for line in table.lines
    )
    return TextTable(headings, tuple(lines))


def _number(value: Value | None) -> TextCell:
    return TextCell("") if value is None else TextCell(value.text, value.tasks, value.amiss)
