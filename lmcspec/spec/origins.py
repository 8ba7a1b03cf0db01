"""Where every value of a resolved spec comes from."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from lmcspec.base.errors import Problem, Span
from lmcspec.spec.paths import Path, dotted
from lmcspec.spec.tree import Node, at, plain


class Origin(NamedTuple):
    """Who set a value: its spans, the kind of source, and what was overridden, latest first."""

    value: Any
    source: str
    """`file`, `preset`, `--set`, `case` or `default`."""
    key_span: Span | None = None
    value_span: Span | None = None
    earlier: tuple["Origin", ...] = ()


@dataclass(frozen=True, slots=True)
class Origins:
    """Spans and sources of every path through a resolved tree."""

    root: Node

    def of(self, path: Path) -> Origin:
        """The origin of a value; `default` where the spec does not set it, with the span of the table around."""
        node = at(self.root, path)
        if node is None:
            _, around = self._nearest(path)
            return Origin(None, "default", around.key, around.span)
        return _origin(node)

    def has(self, path: Path) -> bool:
        """Whether the spec itself sets this path."""
        return at(self.root, path) is not None

    def span(self, path: Path, at: Literal["value", "key"] = "value") -> Span | None:
        """The span of a value or of its key; of the nearest enclosing one where it has none."""
        known, node = self._nearest(path)
        if len(known) < len(path):
            return node.key or node.span
        return (node.key or node.span) if at == "key" else (node.span or node.key)

    def problem(
        self,
        code: str,
        message: str,
        path: Path,
        *,
        label: str = "",
        help: str = "",
        at: Literal["value", "key"] = "value",
    ) -> Problem:
        """A problem at a path of the spec."""
        return Problem(code, message, self.span(path, at), dotted(path), label, help)

    def _nearest(self, path: Path) -> tuple[Path, Node]:
        node, depth, best, best_path = self.root, 0, self.root, ()
        for part in path:
            child = at(node, (part,))
            if child is None:
                break
            node, depth = child, depth + 1
            if node.span is not None or node.key is not None:
                best, best_path = node, path[:depth]
        return best_path, best


def _origin(node: Node) -> Origin:
    # A file that two others extend stands beneath both: what it says is told once, as it was last.
    told: dict[object, Node] = {}
    for layer in node.earlier:
        told.setdefault((layer.span, layer.source) if layer.span else id(layer), layer)
    told.pop((node.span, node.source), None)
    earlier = tuple(_origin_of_one(layer) for layer in told.values())
    return Origin(plain(node), node.source, node.key, node.span, earlier)


def _origin_of_one(node: Node) -> Origin:
    return Origin(plain(node), node.source, node.key, node.span)
