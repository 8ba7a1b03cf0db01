"""Putting a value at a path of a tree, as --set and the axes of a sweep do."""

from dataclasses import replace

from lmcspec.base.errors import Span
from lmcspec.spec.paths import Path
from lmcspec.spec.tree import Node, NoPlace, list_index, spelled_out


def assigned(root: Node, path: Path, leaf: Node, keys: tuple[Span | None, ...] | None = None) -> Node:
    """The tree with `leaf` at `path`, in place of what was there; tables on the way are made as needed.

    `keys` are the spans of the path's parts. Parts that address lists may be strings of digits. Raises NoPlace.
    """
    return _assigned(root, path, leaf, keys or (leaf.key,) * len(path), ())


def _assigned(node: Node, path: Path, leaf: Node, keys: tuple[Span | None, ...], above: Path) -> Node:
    index = len(above)
    if index == len(path):
        return replace(leaf, key=keys[-1], earlier=(node, *node.earlier))
    part = path[index]
    node = spelled_out(node, above)
    if isinstance(node.value, list):
        number = list_index(part, node.value, index)
        items = list(node.value)
        items[number] = _assigned(items[number], path, leaf, keys, (*above, number))
        return replace(node, value=items)
    if not isinstance(node.value, dict):
        raise NoPlace(f"`{above[-1]}` is a single value and has nothing inside", index - 1)
    if isinstance(part, int):
        raise NoPlace(f"`{above[-1] if above else part}` is a table and has no [{part}]", index)
    child = node.value.get(part)
    if child is None:
        made = _made(path, leaf, keys, index)
    else:
        made = _assigned(child, path, leaf, keys, (*above, part))
    return replace(node, value={**node.value, part: made})


def _made(path: Path, leaf: Node, keys: tuple[Span | None, ...], index: int) -> Node:
    """New tables from path[index] down to the leaf."""
    made = replace(leaf, key=keys[-1])
    for deeper in range(len(path) - 1, index, -1):
        part = path[deeper]
        if isinstance(part, int):
            raise NoPlace(f"there is no list `{path[deeper - 1]}`", deeper)
        made = Node({part: made}, keys[deeper - 1], keys[deeper - 1], leaf.source)
    return made
