"""Styled text in lines that fit, for the terminal library."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmcspec.base.fitted import cells, hang_of, spans

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text that is broken between words where it stands, however narrow that is."""

    text: "Text"

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[Text]":
        yield from lines_of(self.text, options.max_width)


def lines_of(text: "Text", width: int) -> "list[Text]":
    """Its lines, each as wide as there is room; a word that has none stays whole."""
    lines = [part for line in text.split("\n", allow_blank=True) for part in _broken(line, width)]
    for line in lines:
        line.no_wrap, line.overflow = True, "ignore"
    return lines


def _broken(line: "Text", width: int) -> "list[Text]":
    from rich.text import Text

    if cells(line.plain) <= width:
        return [line]
    hang = hang_of(line.plain, width)
    first, *others = [line[start:end] for start, end in spans(line.plain, width, hang)]
    return [first, *(Text(" " * hang) + other for other in others)]
