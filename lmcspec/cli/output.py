"""What every command says and how: tables for people, one versioned envelope for programs, talk on stderr.

Names, notes, messages and logs come from files that anybody may have written. All that a command prints goes through
this module, in which nothing stays that a terminal would obey.
"""

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Any, TextIO

from lmcspec.base.errors import LmcspecError, Problem, SpecError
from lmcspec.base.fitted import cells, fitted
from lmcspec.base.loudness import Loudness
from lmcspec.base.visible import visible, visible_json

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

ENVELOPE = "lmcspec/1"
USUAL = 80
"""Columns of a terminal that doesn't say how many it has."""
ENDLESS = 100_000
"""Columns of what has no edge, for a library that wants a number."""


class Format(str, Enum):
    """How a command prints its result."""

    table = "table"
    json = "json"


def envelope(command: str, ok: bool, data: Any, errors: Sequence[dict[str, Any]] = ()) -> str:
    """The JSON that every command prints with `--format json`."""
    document = {"schema": ENVELOPE, "command": command, "ok": ok, "data": data, "errors": list(errors)}
    return visible_json(document, indent=2)


def columns(stream: TextIO) -> int | None:
    """How wide what is printed may get: COLUMNS, or the terminal; None for a file or a pipe, which take whole lines."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return (os.get_terminal_size(stream.fileno()).columns or USUAL) if stream.isatty() else None
    except (OSError, ValueError):
        return USUAL


def console(*, stderr: bool = False) -> "Console":
    """A terminal that uses colour only where it is one, and never with NO_COLOR; brackets in text are brackets.

    Nothing that is printed on it is cut or padded: lines are broken between words.
    """
    from rich.console import Console
    from rich.segment import Segment
    from rich.text import Text

    from lmcspec.base.fitted_text import lines_of

    class Screen(Console):
        def print(self, *objects: Any, **options: Any) -> None:
            for thing in objects or ("",):
                text = Text(thing) if isinstance(thing, str) else thing
                lines = lines_of(text, self.width) if isinstance(text, Text) else [text]
                super().print(*lines, sep="\n", crop=False, no_wrap=True, overflow="ignore", **options)

        def render(self, renderable: "RenderableType", options: "ConsoleOptions | None" = None) -> "Iterable[Segment]":
            for text, style, control in super().render(renderable, options):
                yield Segment(text if control else visible(text), style, control)

    width = columns(sys.stderr if stderr else sys.stdout) or ENDLESS
    # Without a height the library takes a dumb terminal for one of 80 columns.
    return Screen(stderr=stderr, highlight=False, width=width, height=25, emoji=False, markup=False)


def put(text: object, end: str = "\n") -> None:
    """A line of the answer as it is, on stdout: a document, a path or a command, which people copy."""
    print(visible(str(text)), end=end)


def fit(lines: Iterable[str]) -> bool:
    """Whether lines of talk have room as they are."""
    width = columns(sys.stderr)
    return width is None or all(cells(line) <= width for line in lines)


def put_words(text: str, hang: int | None = None) -> None:
    """Lines of the answer in words, on stdout, broken where a terminal has no room; `hang`: by how much they go on."""
    print(fitted(visible(text), columns(sys.stdout), hang))


_loudness = [Loudness.USUAL]
"""That of the command that is being carried out: there is one at a time."""


def loudness() -> Loudness:
    """How much is said besides the answer."""
    return _loudness[0]


def set_loudness(asked: Loudness) -> None:
    """Say so much from now on."""
    _loudness[0] = asked


def say(line: str, command: str = "") -> None:
    """A line of talk, on stderr, broken where a terminal has no room; a command behind it stays whole, to be copied."""
    if loudness() > Loudness.QUIET:
        complain(line, command)


def say_more(line: str) -> None:
    """A line for who asked for more."""
    if loudness() is Loudness.VERBOSE:
        complain(line)


def complain(line: str, command: str = "") -> None:
    """A line of what went wrong, on stderr, however quiet it is to be."""
    print(_with_command(visible(line), visible(command)), file=sys.stderr, flush=True)


@contextmanager
def phase(what: str) -> Iterator[None]:
    """Say how long the block took, to who asked for more."""
    begun = time.perf_counter()
    try:
        yield
    finally:
        say_more(f"{what}: {time.perf_counter() - begun:.2f} s")


def _with_command(line: str, command: str) -> str:
    width = columns(sys.stderr)
    if not command:
        return fitted(line, width)
    if not line:
        return command
    whole = f"{line} {command}"
    return whole if width is None or cells(whole) <= width else f"{fitted(line, width)}\n  {command}"


def show_warnings() -> None:
    """Let what is logged in passing come to stderr as `say` would print it, and errors alone where it is quiet."""

    class VisibleFormatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return visible(super().format(record))

    def is_said(record: logging.LogRecord) -> bool:
        return loudness() > Loudness.QUIET or record.levelno >= logging.ERROR

    if logging.lastResort is not None:
        logging.lastResort.setFormatter(VisibleFormatter())
        logging.lastResort.filters[:] = [is_said]


def report_error(error: LmcspecError, arguments: Sequence[str]) -> None:
    """Print an error: as frames or plain lines on stderr, or in the envelope on stdout where JSON was asked for."""
    if _wants_json(arguments):
        command = next((word for word in arguments if not word.startswith("-")), "")
        put(envelope(command, False, None, as_documents(error)))
        return
    if isinstance(error, SpecError):
        from lmcspec.cli.problems import print_problems

        print_problems(error.problems, error.sources, console(stderr=True))
        return
    complain(f"error: {error}")
    if error.help:
        complain(f"  help: {error.help}")


def _wants_json(arguments: Sequence[str]) -> bool:
    pairs = zip(arguments, [*arguments[1:], ""], strict=False)
    return any(word == "--format=json" or (word == "--format" and value == "json") for word, value in pairs)


def as_documents(error: LmcspecError) -> list[dict[str, Any]]:
    """What went wrong, in the envelope's form."""
    if isinstance(error, SpecError):
        return [problem_document(problem) for problem in error.problems]
    return [{"code": type(error).__name__, "message": str(error), "hint": error.help}]


def problem_document(problem: Problem) -> dict[str, Any]:
    """A problem in the envelope's form."""
    span = problem.span
    return {
        "code": problem.code,
        "message": problem.message,
        "path": problem.path,
        "file": span.file if span else None,
        "line": span.line if span else None,
        "col": span.column if span else None,
        "hint": problem.label or problem.help,
    }
