"""A source text with its lines, so that offsets become spans. Lines end at newlines only; columns count characters."""

from bisect import bisect_right
from dataclasses import dataclass, field

from lmcspec.base.errors import Span


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one file. `first_line` is the number of its first line."""

    file: str
    text: str
    first_line: int = 1
    starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        starts = [0]
        position = self.text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = self.text.find("\n", position + 1)
        object.__setattr__(self, "starts", starts)

    def span(self, start: int, end: int) -> Span:
        """The span of text[start:end]."""
        line, column = self.position(start)
        end_line, end_column = self.position(end)
        return Span(self.file, line, column, end_line, end_column)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        row = bisect_right(self.starts, offset) - 1
        return row + self.first_line, offset - self.starts[row] + 1

    def cut(self, span: Span) -> str:
        """The text that stands at a span."""
        start = self.starts[span.line - self.first_line] + span.column - 1
        return self.text[start : self.starts[span.end_line - self.first_line] + span.end_column - 1]
