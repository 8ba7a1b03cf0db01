"""Help as it fits a terminal: as narrow as that is, and nothing of it cut off."""

from functools import partial
from typing import Any

from typer.core import TyperCommand, TyperGroup

NARROW = 60
"""Columns of a terminal in which what an option does stands beneath its name."""
USUAL = 78
"""The widest lines, as everybody's help has them."""


def settings(width: int | None) -> dict[str, Any]:
    """How wide help is on a terminal of so many columns."""
    return {"terminal_width": min(USUAL, max(width - 1, 20)) if width else USUAL}


def first_sentence(doc: str | None) -> str:
    """What a list of commands says of one."""
    words = " ".join((doc or "").split())
    return words.partition(". ")[0].rstrip(".") + "."


class Command(TyperCommand):
    """A command whose help fits."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with options above what they do where there is no room beside them."""
        super().format_help(ctx, _narrowed(formatter))
        _strip(formatter)


class Group(TyperGroup):
    """All commands, whose list fits."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands likewise."""
        super().format_help(ctx, _narrowed(formatter))
        _strip(formatter)


def _narrowed(formatter: Any) -> Any:
    if formatter.width < NARROW:
        formatter.write_dl = partial(formatter.write_dl, col_max=4)
    return formatter


def _strip(formatter: Any) -> None:
    """Take blanks off the ends of its lines."""
    formatter.buffer = ["\n".join(line.rstrip(" ") for line in formatter.getvalue().split("\n"))]
