"""Plain values as YAML writes them, on one line: what an error offers in a YAML file."""

import re
from typing import Any

from lmcspec.spec.toml_text import quoted

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]*( [A-Za-z0-9_.+-]+)*|\d+(ep|it)(\d+it)?")
_OTHER = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
"""Words that YAML, or an older YAML, takes for something else."""


def flow(value: Any) -> str:
    """The value in flow style.

    >>> flow({"at": ["rewind", 3], "data": "yes"})
    '{at: [rewind, 3], data: "yes"}'
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return value if _PLAIN.fullmatch(value) and value.lower() not in _OTHER else quoted(value)
        case list() | tuple():
            return f"[{', '.join(map(flow, value))}]"
        case dict():
            return f"{{{', '.join(f'{flow(key)}: {flow(item)}' for key, item in value.items())}}}"
        case _:
            return quoted(str(value))
