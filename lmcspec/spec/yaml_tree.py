"""YAML 1.2 to a tree, through ruamel.yaml's nodes: they carry positions, and nothing is ever constructed from tags."""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from lmcspec.base.errors import Problem, Span
from lmcspec.spec import size, toml_slips, yaml_slips
from lmcspec.spec.text import Source
from lmcspec.spec.tree import Node
from lmcspec.spec.unreadable import DEEPEST, Unreadable, too_deep, too_many

MOST = 20_000
"""Values that aliases may add when they are written out."""

_TAG = "tag:yaml.org,2002:"
_SCALARS = {"str", "int", "float", "bool", "null", "timestamp", "merge", "value"}
_INTEGER = re.compile(r"[-+]?[0-9]+(?:_[0-9]+)*|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ODD = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def parse_yaml(source: Source) -> Node:
    """The tree of a YAML text. Raises Unreadable for syntax, tags, duplicate keys, endless aliases and depth."""
    if (number := size.count_in_yaml(source.text)) > size.MOST:
        raise Unreadable(too_many(source.span(0, 0), number))
    reader = YAML(typ="safe", pure=True)
    reader.max_depth = DEEPEST + 1  # older versions don't know it, and run into Python's own limit instead
    reader.composer.warn_double_anchors = False
    try:
        top = reader.compose(source.text)
    except RecursionError:
        raise Unreadable(too_deep(_first_too_deep(source))) from None
    except MarkedYAMLError as error:
        raise Unreadable(_syntax(source, error)) from None
    except (YAMLError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else "unreadable"
        raise Unreadable(Problem("E101", f"not valid YAML: {first}", source.span(0, 0))) from None
    if top is None:
        return Node({}, source.span(0, 0))
    tree = _Reader(source).node(top, (), source.span(0, 0))
    return Node({}, source.span(0, 0)) if tree.value is None else tree


@dataclass(slots=True)
class _Reader:
    source: Source
    repeated: int = 0
    seen: set[int] = field(default_factory=set)
    open: set[int] = field(default_factory=set)

    def node(self, node: Any, path: tuple[str | int, ...], key: Span | None) -> Node:
        span = self.span(node)
        self.repeated += id(node) in self.seen
        self.seen.add(id(node))
        if self.repeated > MOST:
            raise Unreadable(Problem("E113", f"aliases written out, the file grows by more than {MOST:,} values", span))
        if len(path) > DEEPEST:
            raise Unreadable(too_deep(span))
        if id(node) in self.open:
            raise Unreadable(Problem("E113", "this holds an alias of itself", span))
        self.check_tag(node, span)
        if isinstance(node, ScalarNode):
            self.check_lines(node)
            empty = node.start_mark.index == node.end_mark.index and key is not None
            return Node(_scalar(node), key if empty else span, key)
        self.open.add(id(node))
        if isinstance(node, SequenceNode):
            value: Any = [self.node(item, (*path, index), None) for index, item in enumerate(node.value)]
        else:
            value = self.table(node, path)
        self.open.discard(id(node))
        return Node(value, span, key)

    def table(self, node: MappingNode, path: tuple[str | int, ...]) -> dict[str, Node]:
        direct: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key = self.span(key_node)
            if not isinstance(key_node, ScalarNode):
                raise Unreadable(Problem("E115", "a key must be a word or a string", key))
            self.check_tag(key_node, key)
            self.check_begin(key_node)
            name = key_node.value
            if name == "<<" and key_node.style is None:
                merged |= {
                    name: node for name, node in self.merged(value_node, path, key).items() if name not in merged
                }
                continue
            if name in direct:
                line = direct[name].key.line  # pyright: ignore[reportOptionalMemberAccess]
                raise Unreadable(
                    Problem("E102", f"`{name}` stands twice in one table", key, label=f"first in line {line}")
                )
            direct[name] = self.node(value_node, (*path, name), key)
        return {**{name: child for name, child in merged.items() if name not in direct}, **direct}

    def merged(self, node: Any, path: tuple[str | int, ...], key: Span) -> dict[str, Node]:
        """What `<<` brings: a table or a list of them, of which the first to have a key wins."""
        tables = node.value if isinstance(node, SequenceNode) else [node]
        together: dict[str, Node] = {}
        for table in tables:
            if not isinstance(table, MappingNode):
                raise Unreadable(Problem("E105", "`<<` takes a table, or a list of tables", self.span(node)))
            content = self.node(table, path, key).value
            together = {**content, **together}
        return together

    def check_tag(self, node: Any, span: Span) -> None:
        tag = str(node.tag or "")
        plain = tag.removeprefix(_TAG)
        allowed = _SCALARS if isinstance(node, ScalarNode) else {"seq"} if isinstance(node, SequenceNode) else {"map"}
        if tag.startswith(_TAG) and plain in allowed:
            return
        shown = f"!!{plain}" if tag.startswith(_TAG) else tag
        raise Unreadable(
            Problem("E112", f"the tag `{shown}` can't stand in a spec", span, help="leave it out: a spec is plain data")
        )

    def check_begin(self, key: ScalarNode) -> None:
        """A key that is none: a character that isn't seen took the place of a space, or a space is missing."""
        text, start = self.source.text, key.start_mark.index
        if key.style is not None:
            return
        unseen = yaml_slips.unseen_in(key.value)
        slip = yaml_slips.glued_dash(text, start) if unseen is None else toml_slips.unseen(text, start + unseen)
        if slip is not None:
            raise Unreadable(_shown(self.source, slip))

    def check_lines(self, value: ScalarNode) -> None:
        """A text that was meant as a list."""
        if value.style is None and value.value.startswith("-"):
            slip = yaml_slips.glued_dashes(self.source.text, value.start_mark.index, value.end_mark.index)
            if slip is not None:
                raise Unreadable(_shown(self.source, slip))

    def span(self, node: Any) -> Span:
        start, end = node.start_mark.index, node.end_mark.index
        text = self.source.text[start:end]
        if not isinstance(node, ScalarNode):  # block collections end where the next thing begins
            end = start + max(len(text.rstrip()), min(1, len(text)))
        return self.source.span(start, end)


def _scalar(node: ScalarNode) -> Any:
    """The core schema of YAML 1.2; dates stay strings, `1_000` is a number as in TOML."""
    text, tag = node.value, str(node.tag).removeprefix(_TAG)
    if node.style is not None or tag in ("str", "timestamp", "merge", "value"):
        return text
    if tag == "null" or text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        try:
            base = {"0o": 8, "0x": 16}.get(text[:2], 10)
            return int(text, base)
        except ValueError:
            return text
    if _FLOAT.fullmatch(text):
        return float(text)
    if odd := _ODD.fullmatch(text):
        return math.nan if "a" in text.lower() else float(f"{odd[1]}inf")
    return text


def _syntax(source: Source, error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    offset = min(mark.index, len(source.text)) if mark is not None else 0
    if type(error).__name__ == "MaxDepthExceededError":
        return too_deep(source.span(offset, offset + 1))
    slip = yaml_slips.slip(source.text, error, Path(source.file).stem)
    words = (error.problem or error.context or "unreadable").strip()
    context = (error.context or "").strip()
    span = source.span(offset, min(offset + 1, len(source.text)) if offset < len(source.text) else offset)
    if "single document" in context or "another document" in words:
        return Problem("E114", "the file holds more than one YAML document", span, help="one file, one spec")
    if slip is not None:
        return _shown(source, slip, words)
    return Problem("E101", f"not valid YAML: {words}" + (f" ({context})" if context and context != words else ""), span)


def _shown(source: Source, slip: toml_slips.Slip, words: str = "") -> Problem:
    place = source.span(slip.start, slip.end)
    return Problem("E101", f"not valid YAML: {slip.message or words}", place, label=slip.label, help=slip.help)


def _first_too_deep(source: Source) -> Span:
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(source.text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEEPEST + 1:
            index = event.start_mark.index
            return source.span(index, index + 1)
    return source.span(0, 0)
