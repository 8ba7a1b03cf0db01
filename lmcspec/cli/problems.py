"""Problems on a terminal: the source line, a caret under the place, what was meant, what to do."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmcspec.base.errors import Problem, Span
from lmcspec.base.fitted import cells
from lmcspec.base.visible import one_line

if TYPE_CHECKING:
    from rich.console import Console

MOST = 20
"""Problems that are printed; the rest are counted."""
WIDEST = 120
"""Characters of a source line; longer ones are cut around the caret."""
NARROWEST = 20
"""Characters of it that are always shown."""
TAB = "    "

Segment = tuple[str, str]
"""(style, text); styles are rich's."""


def render(problems: Sequence[Problem], sources: Mapping[str, str] | None = None) -> str:
    """The problems as plain text, each in its frame. `sources` are texts by file name; others are read from disk."""
    lines = _lines(problems, sources or {}, None)
    return "\n".join("".join(text for _, text in line) for line in lines) + "\n"


def print_problems(problems: Sequence[Problem], sources: Mapping[str, str] | None, console: "Console") -> None:
    """Print the problems on a console, with colour where it has any."""
    from rich.text import Text

    for line in _lines(problems, sources or {}, console.width):
        console.print(Text.assemble(*((text, style) for style, text in line)), soft_wrap=True)


def _lines(problems: Sequence[Problem], sources: Mapping[str, str], room: int | None) -> Iterable[list[Segment]]:
    texts: dict[str, list[str]] = {}
    for problem in problems[:MOST]:
        yield from _frame(problem, sources, texts, room)
        yield [("", "")]
    rest = len(problems) - MOST
    count = len(problems)
    more = f" ({rest} of them not shown)" if rest > 0 else ""
    yield [("bold red", "error"), ("bold", f": {count} problem{'s' if count != 1 else ''} in the spec{more}")]


def _frame(
    problem: Problem, sources: Mapping[str, str], texts: dict[str, list[str]], room: int | None
) -> Iterable[list[Segment]]:
    yield [("bold red", f"error[{problem.code}]"), ("bold", f": {_visible(problem.message)}")]
    span = problem.span
    margin = len(str(span.line)) if span else 0
    if span is not None:
        yield [("blue", f"{'':>{margin}}--> "), ("", _visible(str(span)))]
        line = _source_line(span, sources, texts)
        if line is not None:
            # A line that has no room would be folded by the terminal, and the caret stand anywhere.
            widest = WIDEST if room is None else min(WIDEST, max(room - margin - 3, NARROWEST))
            shown, start, width = _cut(line, span, widest)
            yield [("blue", f"{'':>{margin}} |")]
            yield [("blue", f"{span.line} | "), ("", shown)]
            label = f" {_visible(problem.label)}" if problem.label else ""
            beside = room is None or margin + 3 + start + width + _width(label) <= room
            carets = "^" * width + (label if beside else "")
            yield [("blue", f"{'':>{margin}} | "), ("", " " * start), ("bold red", carets)]
            if not beside:
                yield [("blue", f"{'':>{margin}} ="), ("", label)]
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


def _cut(line: str, span: Span, widest: int) -> tuple[str, int, int]:
    """The line as shown, and the columns of the terminal at which the carets start and how many there are."""
    first = span.column - 1
    last = span.end_column - 1 if span.end_line == span.line else len(line)
    offset = 0
    if len(line) > widest:
        offset = max(0, min(first - widest // 3, len(line) - widest))
        behind = offset + widest < len(line)
        line = line[offset : offset + widest]
        line = f"{'…' if offset else line[0]}{line[1:-1]}{'…' if behind else line[-1]}"
    first, last = first - offset, min(last - offset, len(line))
    return _visible(line), _width(line[:first]), max(1, _width(line[first:last]))


def _visible(text: str) -> str:
    """The text without what a terminal would obey instead of showing; tabs as spaces."""
    return one_line(text.replace("\t", TAB))


def _width(text: str) -> int:
    return cells(_visible(text))
