"""The tree of a spec before it is validated: every node knows where it was written and what it replaced."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lmcspec.base.errors import Span
from lmcspec.spec.paths import Path

TELLING = ("name", "method", "kind", "load")
"""Keys that say what a table is: a table of another sort replaces the one below instead of merging with it."""
SORTS = ("method", "load", "dataset")
"""Keys of which a distilled set has one: where two have different ones, they are of different sorts."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value of the spec. Tables hold nodes by key, lists hold nodes; anything else is a plain scalar."""

    value: Any
    span: Span | None = None
    key: Span | None = None
    source: str = "file"
    """Who set it: `file`, `preset`, `--set` or `case`."""
    earlier: tuple["Node", ...] = ()
    """What it replaced, latest first."""

    def get(self, key: str) -> "Node | None":
        """The child of that key, or None; also None where this is no table."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def items(self) -> list[tuple[str, "Node"]]:
        """Keys and children of a table; nothing where this is none."""
        return list(self.value.items()) if isinstance(self.value, dict) else []

    def elements(self) -> list["Node"]:
        """Children of a list; nothing where this is none."""
        return self.value if isinstance(self.value, list) else []


def at(root: Node, path: Path) -> Node | None:
    """The node at a path, or None."""
    node: Node | None = root
    for part in path:
        if node is None:
            return None
        if isinstance(part, int):
            elements = node.elements()
            node = elements[part] if part < len(elements) else None
        else:
            node = node.get(part)
    return node


def items(root: Node, key: str) -> list[tuple[str, Node]]:
    """Keys and children of the table of that key; nothing where there is none."""
    table = root.get(key)
    return table.items() if table is not None else []


def plain(node: Node) -> Any:
    """The bare data: dicts, lists and scalars."""
    match node.value:
        case dict():
            return {key: plain(child) for key, child in node.value.items()}
        case list():
            return [plain(child) for child in node.value]
        case _:
            return node.value


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Every node with its path, parents first, in the order of the text."""
    yield path, node
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from walk(child, (*path, key))
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from walk(child, (*path, index))


def stamped(node: Node, source: str) -> Node:
    """The tree with `source` as the source of every node."""
    match node.value:
        case dict():
            value: Any = {key: stamped(child, source) for key, child in node.value.items()}
        case list():
            value = [stamped(child, source) for child in node.value]
        case _:
            value = node.value
    return replace(node, value=value, source=source)


def without(node: Node, *keys: str) -> Node:
    """A table without some of its keys."""
    return replace(node, value={key: child for key, child in node.items() if key not in keys})


def with_key(node: Node, key: str, child: Node) -> Node:
    """A table with one more key, or another value of it."""
    return replace(node, value={**node.value, key: child})


class NoPlace(Exception):
    """A path doesn't fit the tree. `index` is its part at which it fails, `span` where that part was written."""

    def __init__(self, message: str, index: int, span: Span | None = None) -> None:
        super().__init__(message)
        self.index = index
        self.span = span


def merge(below: Node, above: Node, path: Path = ()) -> Node:
    """Tables merge key by key; lists and scalars of `above` replace, and so does a table of another sort.

    Two lists merge in one place, `sweep.cases`: case by case, by name. A table whose keys are numbers merges into the
    items of a list: `networks.imp.0.rounds = 3`. Raises NoPlace for an item that isn't there.
    """
    below = spelled_out(below, path) if isinstance(above.value, dict) else below
    earlier = (*above.earlier, below, *below.earlier)
    if isinstance(below.value, list) and _numbered(above):
        return replace(above, value=_items_merged(below.value, above, path), earlier=earlier)
    if path == ("sweep", "cases") and (cases := _cases_merged(below, above)) is not None:
        return replace(above, value=cases, earlier=earlier)
    if not (isinstance(below.value, dict) and isinstance(above.value, dict)) or _differ(below, above):
        return replace(above, earlier=earlier)
    merged = dict(below.value)
    for key, child in above.value.items():
        merged[key] = merge(merged[key], child, (*path, key)) if key in merged else child
    return replace(above, value=merged, earlier=earlier)


def _numbered(node: Node) -> bool:
    return isinstance(node.value, dict) and bool(node.value) and all(key.isdecimal() for key in node.value)


def _items_merged(below: list[Node], above: Node, path: Path) -> list[Node]:
    merged = list(below)
    for key, child in above.items():
        index = list_index(key, below, len(path), child.key)
        merged[index] = merge(merged[index], child, (*path, index))
    return merged


def list_index(key: str | int, items: list[Node], part: int, span: Span | None = None) -> int:
    """The item of a list that a part of a path names; `part` is which part that is. Raises NoPlace."""
    if isinstance(key, str) and not key.isdecimal():
        raise NoPlace(f"`{key}` is no index, and a list stands here", part, span)
    if int(key) >= len(items):
        many = f"{len(items)} item{'s' if len(items) != 1 else ''}"
        raise NoPlace(f"the list has {many}, counted from 0; there is no [{int(key)}]", part, span)
    return int(key)


def _cases_merged(below: Node, above: Node) -> list[Node] | None:
    """The cases of a sweep below with those above merged in, new ones last; None where either has no plain names."""
    mine, theirs = _by_case(above), _by_case(below)
    if mine is None or theirs is None:
        return None
    return [merge(theirs[name], mine[name]) if name in mine else theirs[name] for name in theirs] + [
        case for name, case in mine.items() if name not in theirs
    ]


def _by_case(node: Node) -> dict[str, Node] | None:
    names = [name.value for entry in node.elements() if (name := entry.get("case")) and isinstance(name.value, str)]
    plain_names = len(names) == len(node.elements()) == len(set(names)) > 0
    return dict(zip(names, node.elements(), strict=True)) if plain_names else None


def spelled_out(node: Node, path: Path) -> Node:
    """A short form as the table for which it stands: `"convnet3"` is `{ name = "convnet3" }` where a model is due."""
    key = short_key(path)
    if key is None or not isinstance(node.value, str):
        return node
    return replace(node, value={key: replace(node, key=node.span, earlier=())})


def short_key(path: Path) -> str | None:
    """Which key a bare string fills at this place; None where a string is a string."""
    match path:
        case ("dataset",) | ("model",) | ("dataset", "space") | ("recipes", _, "optimiser" | "schedule"):
            return "name"
        case ("distilled", _, "space" | "model" | "dataset") | ("distilled", _, "dataset", "space"):
            return "name"
        case ("networks", _, int(), "criterion") | ("permutations", _, "prune", "criterion"):
            return "name"
        case ("recipes" | "distilled" | "measures", _):
            return "extends"
        case _:
            return None


def _differ(below: Node, above: Node) -> bool:
    for key in TELLING:
        mine, theirs = above.get(key), below.get(key)
        if mine is not None and theirs is not None and key != "load" and mine.value != theirs.value:
            return True
    mine, theirs = ({key for key in SORTS if node.get(key) is not None} for node in (above, below))
    return bool(mine and theirs and not mine & theirs)
