"""Errors that know where they are: problems with a position, and the exceptions that carry them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of text in a file. Lines and columns count from 1, columns in characters; the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, with a stable code (`lmcspec explain E103`), its place and the way out."""

    code: str
    message: str
    span: Span | None = None
    path: str = ""
    """Where in the spec, dotted: `networks.imp[0].rewind`."""
    label: str = ""
    """What stands beside the caret, such as `did you mean "rewind"?`"""
    help: str = ""
    """What to type next."""


class LmcspecError(Exception):
    """Base of all errors that a user can cause. The command line prints them without a traceback."""

    exit_code = 1

    def __init__(self, message: str, *, help: str = "") -> None:
        super().__init__(message)
        self.help = help


class SpecError(LmcspecError):
    """A spec that can't be read or means nothing; carries every problem found, in order of position."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem], sources: Mapping[str, str] | None = None) -> None:
        self.problems = tuple(problems)
        self.sources = dict(sources or {})
        """The texts to which the problems point, by the file that their spans name."""
        head = self.problems[0].message if self.problems else "the spec is not valid"
        more = len(self.problems) - 1
        super().__init__(head + (f" (and {more} more)" if more > 0 else ""))


class UsageError(LmcspecError):
    """A command that makes no sense as typed."""

    exit_code = 2


class StoreError(LmcspecError):
    """The store can't be used, is damaged, or a saved plan no longer fits it."""

    exit_code = 4


class StaleError(StoreError):
    """What a plan was made for is not what is there now."""


class BlockedError(LmcspecError):
    """The plan can't be carried out here: data missing, too large for the machine, a backend not installed."""

    exit_code = 5
