"""How much a spec may hold, counted before anything is made of it."""

import re
from typing import Any

MOST = 10_000
"""Values of a spec with all that it extends: scalars, lists and tables."""
MOST_IN_CASES = 1_000_000
"""Values of all cases of a sweep together."""

_UNSAID = re.compile(r"^[ \t]*(#.*)?$|[\[{]{41,}", re.MULTILINE)
"""Empty lines, comments, and what nests too deep, which is told as such."""


def count(data: Any) -> int:
    """Values in plain data: each scalar, list and table is one."""
    number, queue = 0, [data]
    while queue:
        value = queue.pop()
        number += 1
        if isinstance(value, dict):
            queue.extend(value.values())
        elif isinstance(value, list):
            queue.extend(value)
    return number


def count_in_yaml(text: str) -> int:
    """About how many values a YAML text holds, by its lines, commas and brackets: reading it takes far longer."""
    said = _UNSAID.sub("", text)
    return sum(1 for line in said.splitlines() if line) + said.count(",") + said.count("[") + said.count("{")
