"""Texts that give no tree, and the limits that are the same in TOML and YAML."""

from lmcspec.base.errors import Problem, Span
from lmcspec.spec.size import MOST

DEEPEST = 40
"""Tables and lists inside each other."""


class Unreadable(Exception):
    """A file or text that gives no tree, and the problem with it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def too_deep(span: Span) -> Problem:
    """The problem of nesting beyond the limit."""
    return Problem("E009", f"tables and lists nest more than {DEEPEST} deep here", span)


def too_many(span: Span, number: int) -> Problem:
    """The problem of a spec of more values than any is written with."""
    message = f"the spec holds {number:,} values; at most {MOST:,} are read"
    return Problem("E010", message, span, help="let `each`, a sweep or several specs say what repeats itself")
