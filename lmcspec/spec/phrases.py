"""How problems call what stands in a spec."""

import datetime
from collections.abc import Collection
from typing import Any

from lmcspec.spec.paths import Path

STEP = 'a step (3, "500it", "2ep40it")'
INTEGER, NUMBER, STRING, BOOLEAN = "an integer", "a number", "a string", "true or false"
TABLE = "a table"
"""What a key takes, whether an error says it or `explain`."""


def called(path: Path) -> str:
    """What stands at a path, by its last key: "`lr`", "an item of `each`"."""
    if not path:
        return "the spec"
    if isinstance(path[-1], int):
        key = next((part for part in reversed(path) if isinstance(part, str)), "")
        return f"an item of `{key}`"
    return f"`{path[-1]}`"


def in_words(value: Any) -> str:
    """A value that stands in a spec, in words for an error."""
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return "true" if value else "false"
        case int():
            return f"the integer {value}" if abs(value) < 10**40 else "an integer of more than 40 digits"
        case float():
            return f"the number {value!r}"
        case str():
            return f'the string "{value if len(value) <= 40 else value[:37] + "..."}"'
        case list() | tuple():
            return "a list"
        case dict():
            return "a table"
        case datetime.date() | datetime.time():
            return "a date or time"
        case _:
            return f"a {type(value).__name__.lower()}"


def quoted(words: Collection[str]) -> str:
    """The words in quotes, as a list."""
    return ", ".join(f'"{word}"' for word in words)
