"""Keys that a resolved spec has no more, as they were written: `extends`, `sweep`, `each`, and what stands inside."""

from lmcspec.spec.explain import Explanation, case_called, explained
from lmcspec.spec.load import Loaded
from lmcspec.spec.origins import Origins
from lmcspec.spec.paths import Path, parse_path
from lmcspec.spec.tree import Node, plain, spelled_out


def as_written(loaded: Loaded, path: str, case: str) -> Explanation | None:
    """Who wrote what stands at a path of the spec as it was read; None where nothing does."""
    try:
        parts = tuple(part.name for part in parse_path(path))
    except ValueError:
        return None
    chosen = case_called(loaded, case)
    for name, root in ((chosen.name, chosen.written), ("", loaded.written)):
        if (place := _place(root, parts, ())) is not None:
            whole, node = place
            return explained(whole, name, plain(node), Origins(node).of)
    return None


def _place(node: Node, path: Path, above: Path) -> tuple[Path, Node] | None:
    """The node at a path from a node on that is `above`, and the whole path: keys of a sweep are paths themselves."""
    if not path:
        return above, node
    node = spelled_out(node, above)
    if isinstance(node.value, list):
        index = int(path[0]) if str(path[0]).isdecimal() else len(node.value)
        return _place(node.value[index], path[1:], (*above, index)) if index < len(node.value) else None
    for key, child in node.items():
        parts = (key,) if key == path[0] else _parts(key)
        if path[: len(parts)] == parts and (place := _place(child, path[len(parts) :], (*above, key))) is not None:
            return place
    return None


def _parts(key: str) -> Path:
    try:
        return tuple(part.name for part in parse_path(key))
    except ValueError:
        return (key,)
