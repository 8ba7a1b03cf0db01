"""Tables that fit a terminal: in one piece where there is room, else in parts beneath each other, else as records."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lmcspec.base.fitted import cells, longest_word, spans

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

GAP = "  "
WORDS = 30
"""Columns of a terminal that it takes to write sentences beside a name."""
LABEL = 24
"""The widest label of a record that stands beside its value."""

Line = list[tuple[str, str]]
"""(text, style of rich's)."""


class Column(NamedTuple):
    """A column of a table."""

    heading: str
    right: bool = False
    """As numbers are."""
    names: bool = False
    """What tells its lines apart: it stands in every part of the table, and at the head of a record."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of words and numbers. Nothing in it is ever cut: what has no room stands elsewhere.

    What the first column says again is left out. In order of preference: all columns; those that hold anything; the
    words of the last column broken into lines; where columns make sense apart, several tables; a record for each line.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    apart: bool = False
    """Whether its columns make sense beneath each other: each is of another measure, not of another side."""

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[RenderableType]":
        from rich.text import Text

        for line in self.lines(options.max_width):
            yield Text.assemble(*line, no_wrap=True, overflow="ignore")

    def lines(self, width: int) -> list[Line]:
        """The table in lines of this width, of which none ends in blanks."""
        every = range(len(self.columns))
        filled = [at for at in every if self.columns[at].names or any(row[at] for row in self.rows)]
        for at in (every, filled):
            if (widths := self._widths(at, width)) is not None:
                return list(self._table(at, widths))
        if (widths := self._with_words(filled, width)) is not None:
            return list(self._table(filled, widths))
        if self.apart and (parts := self._parts(filled, width)):
            return [line for at, widths in parts for line in self._table(at, widths)]
        return [line for row in self.rows for line in self._record(row, filled, width)]

    def _widths(self, at: Sequence[int], room: int, words: int | None = None) -> list[int] | None:
        """The columns' widths if they fit, headings on several lines where need be; None if they don't.

        `words`: the width to which the last one may shrink.
        """
        least, most = [], []
        for place in at:
            heading = self.columns[place].heading
            body = max((cells(row[place]) for row in self.rows), default=0)
            least.append(max(body, longest_word(heading)))
            most.append(max(body, cells(heading)))
        if words is not None:
            least[-1] = min(least[-1], words)
        spare = room - sum(least) - len(GAP) * (len(least) - 1)
        if spare < 0:
            return None
        for place, (low, high) in enumerate(zip(least, most, strict=True)):
            grown = min(spare, high - low)
            least[place] += grown
            spare -= grown
        return least

    def _with_words(self, at: Sequence[int], room: int) -> list[int] | None:
        last = self.columns[at[-1]]
        return None if last.right or last.names else self._widths(at, room, WORDS)

    def _parts(self, at: Sequence[int], room: int) -> list[tuple[list[int], list[int]]]:
        """(columns, widths) of each of several tables, each with all names; none where a column has no room."""
        names = [place for place in at if self.columns[place].names]
        parts: list[tuple[list[int], list[int]]] = []
        for place in (place for place in at if not self.columns[place].names):
            together = [*(parts[-1][0] if parts else names), place]
            if (widths := self._widths(together, room)) is not None:
                parts[-1:] = [(together, widths)]
            elif (widths := self._widths([*names, place], room)) is not None:
                parts.append(([*names, place], widths))
            else:
                return []
        return parts

    def _table(self, at: Sequence[int], widths: Sequence[int]) -> Iterator[Line]:
        headings = [_lines(self.columns[place].heading, width) for place, width in zip(at, widths, strict=True)]
        height = max(map(len, headings)) if any(self.columns[place].heading for place in at) else 0
        for number in range(height):
            # A short heading stands right above its column.
            of_line = [
                heading[number - height + len(heading)] if number >= height - len(heading) else ""
                for heading in headings
            ]
            yield [(self._aligned(of_line, at, widths), "dim")]
        before = None
        for row in self.rows:
            if self._is_elsewhere(row, at):
                continue
            texts = ["" if not number and row[place] == before else row[place] for number, place in enumerate(at)]
            before = row[at[0]]
            last = _lines(texts[-1], widths[-1])
            yield [(self._aligned([*texts[:-1], last[0]], at, widths), "")]
            for more in last[1:]:
                yield [(self._aligned([*[""] * (len(at) - 1), more], at, widths), "")]

    def _is_elsewhere(self, row: Sequence[str], at: Sequence[int]) -> bool:
        """Whether all values of a row are in other parts of the table. What has none stands in each."""
        values = [place for place, column in enumerate(self.columns) if not column.names and row[place]]
        return bool(values) and not set(values) & set(at)

    def _aligned(self, texts: Sequence[str], at: Sequence[int], widths: Sequence[int]) -> str:
        padded = []
        for text, place, width in zip(texts, at, widths, strict=True):
            blanks = " " * (width - cells(text))
            padded.append(blanks + text if self.columns[place].right else text + blanks)
        return GAP.join(padded).rstrip()

    def _record(self, row: Sequence[str], at: Sequence[int], width: int) -> Iterator[Line]:
        names = [self._named(row, place) for place in at if self.columns[place].names]
        head = GAP.join(name.replace(" ", "\xa0") for name in names if name)
        for number, (start, end) in enumerate(spans(head, width, 2)):
            yield [(" " * 2 * bool(number) + head[start:end].replace("\xa0", " "), "bold")]
        values = [place for place in at if not self.columns[place].names and row[place]]
        label = max((cells(self.columns[place].heading) for place in values), default=0)
        for place in values:
            yield from _labelled(self.columns[place].heading, row[place], min(label, LABEL), width)

    def _named(self, row: Sequence[str], place: int) -> str:
        column = self.columns[place]
        return f"{column.heading} {row[place]}" if column.right and row[place] else row[place].strip()


def _labelled(heading: str, value: str, label: int, width: int) -> Iterator[Line]:
    """A value beside its label, or beneath it where there is no room."""
    indent = label + 4 if label else 4
    value = value.strip()
    texts = _lines(value, width - indent)
    if cells(heading) > label or (label and max(map(cells, texts)) > width - indent):
        yield from ([(f"  {text}", "dim")] for text in _lines(heading, width - 2))
        yield from ([(f"    {text}", "")] for text in _lines(value, width - 4))
        return
    for number, text in enumerate(texts):
        beside = heading if not number else ""
        yield [(f"  {beside}{' ' * (indent - 2 - cells(beside))}", "dim"), (text, "")]


def _lines(text: str, width: int) -> list[str]:
    return [text[start:end] for start, end in spans(text, width)]
