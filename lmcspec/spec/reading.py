"""Files to trees, within limits: size, encoding, depth. Everything wrong with a file is one problem with a code."""

import contextlib
import itertools
import os
import re
import stat
import sys
from difflib import get_close_matches
from pathlib import Path

import tomli

from lmcspec.base.errors import Problem, Span
from lmcspec.spec import toml_spans
from lmcspec.spec.size import MOST, count
from lmcspec.spec.text import Source
from lmcspec.spec.tree import Node

LARGEST = 2**20
"""Bytes of a spec."""
DEEPEST = 40
"""Tables and lists inside each other."""
SUFFIXES = (".toml", ".yaml", ".yml")


class Unreadable(Exception):
    """A file or text that gives no tree, and the problem with it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def read_text(path: Path, named_at: Span | None = None) -> str:
    """The text of a spec. Problems with the file as such stand at `named_at`, the `extends` entry that names it."""
    start = named_at or Span(str(path), 1, 1, 1, 1)

    def refuse(code: str, message: str, help: str = "", span: Span = start) -> Unreadable:
        return Unreadable(Problem(code, message, span, help=help))

    if path.suffix.lower() not in SUFFIXES:
        help = "rename the file, so that its ending says how it is written"
        if path.suffix.lower() == ".json":
            help = f"JSON is read as YAML: call it `{path.with_suffix('.yaml').name}`"
        there = [f"{path}{suffix}" for suffix in SUFFIXES if path.name and os.path.isfile(f"{path}{suffix}")]
        raise refuse("E008", f"`{path}` is neither .toml nor .yaml", f"did you mean `{there[0]}`?" if there else help)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise refuse(
                    "E002", f"`{path}` is {'a folder' if stat.S_ISDIR(status.st_mode) else 'no ordinary file'}"
                )
            if status.st_size > LARGEST:
                raise refuse("E004", f"`{path}` has {status.st_size:,} bytes; a spec may have {LARGEST:,}")
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise refuse("E001", f"there is no file `{path}`", _beside(path)) from None
    except IsADirectoryError:
        raise refuse("E002", f"`{path}` is a folder") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise refuse("E003", f"`{path}` can't be read: {reason}") from None
    return _decode(data, str(path))


def _beside(path: Path) -> str:
    """The spec in its folder whose name comes nearest."""
    with contextlib.suppress(OSError, ValueError):
        there = [one.name for one in itertools.islice(path.parent.iterdir(), 1000) if one.suffix in SUFFIXES]
        if near := get_close_matches(path.name, there, n=1):
            return f"did you mean `{path.with_name(near[0])}`?"
    return ""


def _decode(data: bytes, file: str) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        problem = Problem(
            "E006",
            "the file begins with a byte order mark",
            Span(file, 1, 1, 1, 1),
            help="save it as UTF-8 without one",
        )
        raise Unreadable(problem)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        start = data.rfind(b"\n", 0, error.start) + 1
        line, column = data.count(b"\n", 0, error.start) + 1, len(data[start : error.start].decode("utf-8")) + 1
        sort = "UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else f"byte 0x{data[error.start]:02x}"
        message = f"the file is not UTF-8 ({sort})"
        raise Unreadable(
            Problem("E005", message, Span(file, line, column, line, column + 1), help="save it as UTF-8")
        ) from None
    if "\0" in text:
        offset = text.index("\0")
        raise Unreadable(Problem("E007", "a NUL byte stands here", Source(file, text).span(offset, offset + 1)))
    return text


def parse(path: Path, text: str) -> tuple[Node, Source]:
    """The tree of a text, TOML or YAML by the ending of the path. Raises Unreadable."""
    if path.suffix.lower() == ".toml":
        return parse_toml(str(path), text)
    from lmcspec.spec import yaml_slips, yaml_tree

    source = Source(str(path), text)
    tree = yaml_tree.parse_yaml(source)
    if not isinstance(tree.value, dict) and (found := yaml_slips.as_toml(text, path.stem)):
        place = source.span(found.start, found.end)
        raise Unreadable(Problem("E101", f"not valid YAML: {found.message}", place, help=found.help))
    return tree, source


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


def too_deep(span: Span) -> Problem:
    """The problem of nesting beyond the limit."""
    return Problem("E009", f"tables and lists nest more than {DEEPEST} deep here", span)


def too_many(span: Span, number: int) -> Problem:
    """The problem of a spec of more values than any is written with."""
    message = f"the spec holds {number:,} values; at most {MOST:,} are read"
    return Problem("E010", message, span, help="let `each`, a sweep or several specs say what repeats itself")


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
        found = _repeated(source, position)
        if found is not None:
            return found
    end = min(position + 1, len(source.text))
    words = error.msg[:1].lower() + error.msg[1:]
    from lmcspec.spec import toml_slips  # a spec that is right never needs it

    found = toml_slips.slip(source.text, error, Path(source.file).stem) if source.file != "--set" else None
    if found is not None:
        message = f"not valid TOML: {found.message or words}"
        return Problem("E101", message, source.span(found.start, found.end), label=found.label, help=found.help)
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
