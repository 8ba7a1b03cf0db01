"""Paths through a spec: `networks.imp[0].rewind` as text, `("networks", "imp", 0, "rewind")` inside."""

import re
from typing import NamedTuple

Path = tuple[str | int, ...]

_PART = re.compile(
    r"""
    "(?P<double>(?:[^"\\]|\\["\\])*)" | '(?P<single>[^']*)'  # a quoted name, for names with dots in them
    | (?P<bare>[^.\[\]"'=\s]+ (?:\[[^\[\]=]*=[^\[\]]*\])?)  # a name; a member of a family keeps its bracket
    """,
    re.VERBOSE,
)
_ESCAPED = re.compile(r"""\\(["\\])""")
_TO_ESCAPE = re.compile(r"""["\\]""")
_ESCAPE = r"\\\g<0>"
_INDEX = re.compile(r"\[(\d+)\]")
_PLAIN = re.compile(r"[^.\[\]\"'=\s]+(?:\[[^\[\]\"=]*=[^\[\]\"]*\])?")


class Part(NamedTuple):
    """One step of a written path, and where it stands in the text (0-based, end exclusive)."""

    name: str | int
    start: int
    end: int


def parse_path(text: str) -> list[Part]:
    """The parts of a written path. Indices are `[0]` or `.0`; the latter come as strings, for the tree to decide.

    Raises ValueError, whose second argument is the offset, where the text is no path.
    """
    parts: list[Part] = []
    at = 0
    while True:
        if not (match := _PART.match(text, at)):
            raise ValueError("a name is missing" if at >= len(text) else f"{text[at]!r} can't stand here", at)
        double = None if match["double"] is None else _ESCAPED.sub(r"\1", match["double"])
        name = next(group for group in (double, match["single"], match["bare"]) if group is not None)
        parts.append(Part(name, match.start(), match.end()))
        at = match.end()
        while index := _INDEX.match(text, at):
            parts.append(Part(int(index[1]), index.start(), index.end()))
            at = index.end()
        if at == len(text):
            return parts
        if text[at] != ".":
            raise ValueError(f"{text[at]!r} can't stand here", at)
        at += 1


def dotted(path: Path) -> str:
    """A path as it is written.

    >>> dotted(("networks", "imp", 0, "rewind"))
    'networks.imp[0].rewind'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _PLAIN.fullmatch(part) else _quoted(part)
            text += f".{name}" if text else name
    return text


def _quoted(name: str) -> str:
    """A name in quotes that it doesn't have, as TOML would have it; in escaped ones where it has both."""
    if '"' not in name and "\\" not in name:
        return f'"{name}"'
    return f"'{name}'" if "'" not in name else f'"{_TO_ESCAPE.sub(_ESCAPE, name)}"'
