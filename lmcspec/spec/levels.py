"""What to do where lines of YAML, or tables of TOML, stand on another level than was meant."""

from typing import Any

from lmcspec.spec.origins import Origins
from lmcspec.spec.paths import Path, dotted
from lmcspec.spec.tree import Node, at


def help_with(path: Path, value: Any, origins: Origins) -> str:
    """What to type where a table is due and a list of tables, or nothing, stands; empty where it was no such slip."""
    span = origins.span(path)
    yaml = span is not None and span.file.lower().endswith((".yaml", ".yml"))
    if value is None:
        return _next_key(path, origins) if yaml else ""
    names = [key for item in value if isinstance(item, dict) for key in item] if isinstance(value, list) else []
    if not names or not all(isinstance(item, dict) for item in value) or len(set(names)) < len(names):
        return ""  # of tables with the same keys, one after the other was meant
    if yaml:
        return f"leave the dash out: `{names[0]}: …`, for the keys of a table have none"
    return f"write `[{dotted(path)}]` in single brackets, or `{{…}}` with no list around it: a table has no items"


def _next_key(path: Path, origins: Origins) -> str:
    """The key in the next lines, which begins no further right."""
    around = at(origins.root, path[:-1])
    empty = around.get(str(path[-1])) if around is not None else None
    if around is None or empty is None or empty.key is None:
        return ""
    mine = empty.key
    later = [(name, key) for name, child in around.items() if (key := _key_below(child, mine.file, mine.line))]
    if not later:
        return f"write what belongs to `{path[-1]}` in the lines below it, two spaces further right"
    name, place = min(later, key=lambda key: key[1])
    return f"if `{name}` in line {place} belongs to it, put two spaces before that line and those that go with it"


def _key_below(node: Node, file: str, line: int) -> int:
    return node.key.line if node.key is not None and node.key.file == file and node.key.line > line else 0
