"""Tables of words, as a page shows them and a terminal prints them; some words lead to tasks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmcspec.report.results_table import ResultsTable, Value

if TYPE_CHECKING:
    from rich.console import RenderableType


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


def in_terminal(table: TextTable) -> "RenderableType":
    """The table for a terminal: what the first column says again is left out."""
    from rich.table import Table
    from rich.text import Text

    # Names may hold brackets, which rich would take for markup: everything goes in as Text.
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for place, heading in enumerate(table.headings):
        numbers = table.names <= place < len(table.headings) - table.words
        grid.add_column(Text(heading), justify="right" if numbers else "left")
    before = None
    for first, *others in table.lines:
        grid.add_row(*map(Text, ["" if first.text == before else first.text, *(cell.text for cell in others)]))
        before = first.text
    return grid
