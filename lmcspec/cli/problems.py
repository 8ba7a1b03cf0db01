"""Problems on a terminal: the source line, a caret under the place, what was meant, what to do."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.base.errors import Problem, Span
from lmcspec.base.visible import one_line

if TYPE_CHECKING:
    from rich.console import Console

MOST = 20
"""Problems that are printed; the rest are counted."""
WIDEST = 120
"""Characters of a source line; longer ones are cut around the caret."""
TAB = "    "

Segment = tuple[str, str]
"""(style, text); styles are rich's."""


def render(problems: Sequence[Problem], sources: Mapping[str, str] | None = None) -> str:
    """The problems as plain text, each in its frame. `sources` are texts by file name; others are read from disk."""
    lines = _lines(problems, sources or {})
    return "\n".join("".join(text for _, text in line) for line in lines) + "\n"


def print_problems(problems: Sequence[Problem], sources: Mapping[str, str] | None, console: "Console") -> None:
    """Print the problems on a console, with colour where it has any."""
    from rich.text import Text

    for line in _lines(problems, sources or {}):
        console.print(Text.assemble(*((text, style) for style, text in line)), soft_wrap=True)


def _lines(problems: Sequence[Problem], sources: Mapping[str, str]) -> Iterable[list[Segment]]:
    texts: dict[str, list[str]] = {}
    for problem in problems[:MOST]:
        yield from _frame(problem, sources, texts)
        yield [("", "")]
    rest = len(problems) - MOST
    count = len(problems)
    more = f" ({rest} of them not shown)" if rest > 0 else ""
    yield [("bold red", "error"), ("bold", f": {count} problem{'s' if count != 1 else ''} in the spec{more}")]


def _frame(problem: Problem, sources: Mapping[str, str], texts: dict[str, list[str]]) -> Iterable[list[Segment]]:
    yield [("bold red", f"error[{problem.code}]"), ("bold", f": {_visible(problem.message)}")]
    span = problem.span
    margin = len(str(span.line)) if span else 0
    if span is not None:
        yield [("blue", f"{'':>{margin}}--> "), ("", _visible(str(span)))]
        line = _source_line(span, sources, texts)
        if line is not None:
            shown, start, width = _cut(line, span)
            yield [("blue", f"{'':>{margin}} |")]
            yield [("blue", f"{span.line} | "), ("", shown)]
            label = f" {_visible(problem.label)}" if problem.label else ""
            yield [("blue", f"{'':>{margin}} | "), ("", " " * start), ("bold red", "^" * width + label)]
        elif problem.label:
            yield [("blue", f"{'':>{margin}} = "), ("", _visible(problem.label))]
    if problem.help:
        yield [("blue", f"{'':>{margin}} = "), ("", f"help: {_visible(problem.help)}")]


def _source_line(span: Span, sources: Mapping[str, str], texts: dict[str, list[str]]) -> str | None:
    if span.file not in texts:
        texts[span.file] = _read(span.file, sources).split("\n")
    lines = texts[span.file]
    return lines[span.line - 1].removesuffix("\r") if span.line <= len(lines) and any(lines) else None


def _read(file: str, sources: Mapping[str, str]) -> str:
    if file in sources:
        return sources[file]
    try:
        if not Path(file).is_file():  # a pipe would wait for ever
            return ""
        with Path(file).open("rb") as stream:
            return stream.read(2**20).decode("utf-8", errors="replace")
    except (OSError, ValueError):
        return ""


def _cut(line: str, span: Span) -> tuple[str, int, int]:
    """The line as shown, and the columns of the terminal at which the carets start and how many there are."""
    first = span.column - 1
    last = span.end_column - 1 if span.end_line == span.line else len(line)
    offset = 0
    if len(line) > WIDEST:
        offset = max(0, min(first - WIDEST // 3, len(line) - WIDEST))
        line = line[offset : offset + WIDEST]
    first, last = first - offset, min(last - offset, len(line))
    return _visible(line), _width(line[:first]), max(1, _width(line[first:last]))


def _visible(text: str) -> str:
    """The text without what a terminal would obey instead of showing; tabs as spaces."""
    return one_line(text.replace("\t", TAB))


def _width(text: str) -> int:
    return sum(_cells(char) for char in _visible(text))


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
