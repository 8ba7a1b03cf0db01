"""`--set path.to.key=value`: a value as TOML writes it, or else a bare string; its type is checked like any other.

Arguments stand in a file called `--set`, one a line, so that problems in them have a position too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import tomli

from lmcspec.base.errors import Problem
from lmcspec.spec import toml_spans
from lmcspec.spec.assign import assigned
from lmcspec.spec.paths import Path, parse_path
from lmcspec.spec.text import Source
from lmcspec.spec.toml_tree import toml_tree
from lmcspec.spec.tree import Node, NoPlace, stamped
from lmcspec.spec.unreadable import DEEPEST, too_deep

FILE = "--set"
_IN_FILE = 'write it into a file: extends = "other.toml", and name that one'
CLOSED = ("extends",)
"""What is settled before --set is looked at."""


@dataclass(slots=True)
class Overridden:
    """The tree after --set, the paths that it set, and what was wrong."""

    root: Node
    paths: list[tuple[Path, Node]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def overridden(root: Node, arguments: Sequence[str]) -> Overridden:
    """Apply the arguments in their order; a later one wins."""
    result = Overridden(root)
    for line, argument in enumerate(arguments, start=1):
        _apply(result, Source(FILE, argument.replace("\n", " "), first_line=line))
    return result


def set_source(arguments: Sequence[str]) -> str:
    """The text of the file `--set`."""
    return "\n".join(argument.replace("\n", " ") for argument in arguments)


def _apply(result: Overridden, source: Source) -> None:
    written, equals, _ = source.text.partition("=")
    whole = source.span(0, len(source.text))
    if not equals:
        message = f"`{source.text}` has no value"
        key, colon, value = source.text.partition(":")
        help = f"write --set {key.strip()}={value.strip()}" if colon else "write --set path.to.key=value"
        result.problems.append(Problem("E304", message, whole, help=help))
        return
    start = len(written) - len(written.lstrip())
    try:
        parts = parse_path(written.strip())
    except ValueError as error:
        offset = min(start + error.args[1], len(source.text) - 1)
        span = source.span(offset, offset + 1)
        result.problems.append(Problem("E304", f"`{written.strip()}` is no path: {error.args[0]}", span))
        return
    spans = tuple(source.span(start + part.start, start + part.end) for part in parts)
    path = tuple(part.name for part in parts)
    if path[0] in CLOSED:
        result.problems.append(
            Problem("E304", f"`{path[0]}` can't be set from outside the file", spans[0], help=_IN_FILE)
        )
        return
    try:
        leaf = _value(source, len(written) + 1)
        result.root = assigned(result.root, path, leaf, spans)
    except toml_spans.TooDeep:
        result.problems.append(too_deep(whole))
    except NoPlace as error:
        result.problems.append(Problem("E304", str(error), spans[error.index]))
    else:
        result.paths.append((path, replace(leaf, key=spans[-1])))


def _value(source: Source, start: int) -> Node:
    """The value that the rest of the argument spells, as TOML if it is TOML, else as a string."""
    text = source.text[start:]
    shifted = "x" + "=".rjust(start - 1) + text  # the path in front is blanked out, so that positions stay
    try:
        data = tomli.loads(shifted)
    except RecursionError:
        raise toml_spans.TooDeep(start) from None
    except ValueError:
        data = {}
    if set(data) != {"x"}:
        return Node(text.strip(), source.span(start, len(source.text)), source=FILE)
    places = toml_spans.places(shifted, DEEPEST)
    tree = toml_tree(data, places, replace(source, text=shifted))
    return stamped(tree.value["x"], FILE)
