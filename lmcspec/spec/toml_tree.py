"""TOML to a tree: tomli reads the values, a walk over the text finds their places."""

import re
import sys
from pathlib import Path

import tomli

from lmcspec.base.errors import Problem
from lmcspec.spec import toml_spans
from lmcspec.spec.size import MOST, count
from lmcspec.spec.text import Source
from lmcspec.spec.tree import Node
from lmcspec.spec.unreadable import DEEPEST, Unreadable, too_deep, too_many


def parse_toml(file: str, text: str) -> tuple[Node, Source]:
    """The tree of a TOML text. Raises Unreadable for syntax errors and for nesting beyond the limit."""
    source = Source(file, text.replace("\r\n", "\n"))
    try:
        data = tomli.loads(source.text)
        if (number := count(data)) > MOST:
            raise Unreadable(too_many(source.span(0, 0), number))
        places = toml_spans.places(source.text, DEEPEST)
    except toml_spans.TooDeep as error:
        raise Unreadable(_too_deep(source, error.offset)) from None
    except RecursionError:
        raise Unreadable(_too_deep(source, _first_too_deep(source.text))) from None
    except tomli.TOMLDecodeError as error:
        raise Unreadable(_syntax(source, error)) from None
    except ValueError as error:
        raise Unreadable(_too_long(source, error)) from None
    return toml_tree(data, places, source), source


_LONG_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d_]{999,}+")


def _too_long(source: Source, error: ValueError) -> Problem:
    """An integer of more digits than Python reads; another error of a value keeps its words."""
    for number in _LONG_NUMBER.finditer(source.text):
        digits = sum(map(str.isdigit, number[0]))
        if 0 < sys.get_int_max_str_digits() < digits:
            message = f"an integer of {digits:,} digits can't be read"
            return Problem("E101", message, source.span(number.start(), number.end()), help="write a smaller one")
    return Problem("E101", f"not valid TOML: {error}", source.span(0, 0))


def toml_tree(data: object, places: dict[toml_spans.Path, toml_spans.Place], source: Source) -> Node:
    """tomli's result with the spans that the walk found."""

    def build(value: object, path: toml_spans.Path) -> Node:
        place = places.get(path)
        span = source.span(*place.value) if place else source.span(0, 0)
        key = source.span(*place.key) if place and place.key else None
        match value:
            case dict():
                inside: object = {name: build(child, (*path, name)) for name, child in value.items()}
            case list():
                inside = [build(child, (*path, index)) for index, child in enumerate(value)]
            case _:
                inside = value
        return Node(inside, span, key)

    return build(data, ())


def _too_deep(source: Source, offset: int) -> Problem:
    return too_deep(source.span(offset, offset + 1))


def _first_too_deep(text: str) -> int:
    """tomli gave up before the end, so the text may be invalid further on; the walk stops well before that."""
    try:
        toml_spans.places(text, DEEPEST)
    except toml_spans.TooDeep as error:
        return error.offset
    except Exception:  # noqa: BLE001  # unchecked text: any way of failing only means that no better place is known
        pass
    return 0


_TWICE = ("Cannot overwrite", "Cannot declare", "Duplicate inline", "Cannot redefine", "Cannot mutate")


def _syntax(source: Source, error: tomli.TOMLDecodeError) -> Problem:
    position = min(error.pos, len(source.text))
    if error.msg.startswith(_TWICE):
        twice = _repeated(source, position)
        if twice is not None:
            return twice
    end = min(position + 1, len(source.text))
    words = error.msg[:1].lower() + error.msg[1:]
    from lmcspec.spec import toml_slips  # a spec that is right never needs it

    slip = toml_slips.slip(source.text, error, Path(source.file).stem) if source.file != "--set" else None
    if slip is not None:
        message = f"not valid TOML: {slip.message or words}"
        return Problem("E101", message, source.span(slip.start, slip.end), label=slip.label, help=slip.help)
    help = ""
    if words.startswith("invalid value"):
        help = "strings need quotes, true and false are lower case"
    return Problem("E101", f"not valid TOML: {words}", source.span(position, max(end, position)), help=help)


def _repeated(source: Source, position: int) -> Problem | None:
    walk = toml_spans.Walk(source.text[:position], DEEPEST)
    try:
        walk.run()
    except Exception:  # noqa: BLE001  # the text stops in the middle of a table: what was seen until then is enough
        pass
    if not walk.again:
        return None
    path, stretch = walk.again[-1]
    first = walk.places[path].key
    line = f"first in line {source.position(first[0])[0]}" if first else ""
    return Problem("E102", f"`{path[-1]}` stands twice in one table", source.span(*stretch), label=line)
