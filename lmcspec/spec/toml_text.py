"""Plain values as TOML writes them, on one line: what `explain` shows and `--set` takes."""

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def inline(value: Any) -> str:
    """The value as an inline table, an array or a scalar. TOML has no null: None is left out of tables.

    >>> inline({"name": "sgd", "lr": 0.1, "at": ["3ep"]})
    '{ name = "sgd", lr = 0.1, at = ["3ep"] }'

    Raises TypeError for what TOML has no form for.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return quoted(value)
        case date() | time():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(map(inline, value))}]"
        case Mapping():
            pairs = [f"{_key(key)} = {inline(item)}" for key, item in value.items() if item is not None]
            return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
        case _:
            raise TypeError(f"TOML has no form for a {type(value).__name__}: {value!r}")


def quoted(text: str) -> str:
    """A string with everything escaped that a terminal would not show as itself."""
    return f'"{"".join(map(_spelled, text))}"'


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else quoted(name)


def _spelled(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
