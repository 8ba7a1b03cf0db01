"""What every command says and how: tables for people, one versioned envelope for programs, talk on stderr.

Names, notes, messages and logs come from files that anybody may have written. All that a command prints goes through
this module, in which nothing stays that a terminal would obey.
"""

import logging
import sys
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from lmcspec.base.errors import LmcspecError, Problem, SpecError
from lmcspec.base.visible import visible, visible_json

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

ENVELOPE = "lmcspec/1"


class Format(str, Enum):
    """How a command prints its result."""

    table = "table"
    json = "json"


def envelope(command: str, ok: bool, data: Any, errors: Sequence[dict[str, Any]] = ()) -> str:
    """The JSON that every command prints with `--format json`."""
    document = {"schema": ENVELOPE, "command": command, "ok": ok, "data": data, "errors": list(errors)}
    return visible_json(document, indent=2)


def console(*, stderr: bool = False) -> "Console":
    """A terminal that uses colour only where it is one, and never with NO_COLOR; brackets in text are brackets."""
    from rich.console import Console
    from rich.segment import Segment

    class Screen(Console):
        def render(self, renderable: "RenderableType", options: "ConsoleOptions | None" = None) -> "Iterable[Segment]":
            for text, style, control in super().render(renderable, options):
                yield Segment(text if control else visible(text), style, control)

    stream = sys.stderr if stderr else sys.stdout
    # Whoever reads a file or a pipe wants whole lines.
    width = None if stream.isatty() else 1000
    return Screen(stderr=stderr, highlight=False, soft_wrap=False, width=width, emoji=False, markup=False)


def put(text: object, end: str = "\n") -> None:
    """A line of the answer, on stdout."""
    print(visible(str(text)), end=end)


def say(line: str) -> None:
    """A line of talk, on stderr."""
    print(visible(line), file=sys.stderr, flush=True)


def show_warnings() -> None:
    """Let what is logged in passing come to stderr as `say` would print it."""

    class VisibleFormatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return visible(super().format(record))

    if logging.lastResort is not None:
        logging.lastResort.setFormatter(VisibleFormatter())


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
    say(f"error: {error}")
    if error.help:
        say(f"  help: {error.help}")


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
