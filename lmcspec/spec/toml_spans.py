"""Where every key and value of a TOML text stands.

tomli alone decides what is valid and what it means; this walk runs over text that tomli has accepted, so it may
take much for granted. It covers TOML 1.1: inline tables over several lines, with trailing commas and comments.
"""

import re
from typing import NamedTuple

import tomli

from lmcspec.spec.paths import Path

Stretch = tuple[int, int]

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*+")
_SPACE = re.compile(r"[ \t]*+")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'""")
_SCALAR = re.compile(
    r'''
    """(?:[^"\\]|\\.|"{1,2}(?!"))*+"{3,5}
    | \'{3}.*?\'{3,5}
    | "(?:[^"\\\n]|\\.)*+"
    | '[^'\n]*+'
    | \d{4}-\d\d-\d\d[ ]\d\d:[^\s,\]}#]*+     # a date and a time with a space between
    | [^\s,\]}#]++
    ''',
    re.VERBOSE | re.DOTALL,
)


class Place(NamedTuple):
    """Offsets of a key and of its value. The value of a table made by headers or dotted keys is no literal:

    its stretch is then the header, or the key itself.
    """

    key: Stretch | None
    value: Stretch
    literal: bool


class TooDeep(Exception):
    """Brackets or dotted keys nest deeper than allowed, at `offset`."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"nested too deep at {offset}")
        self.offset = offset


class Walk:
    """One pass over a text. `places` maps each path of tomli's result to its place, in the order of the text.

    `again` holds the keys that came a second time: in a text that tomli refuses up to the fault, the last one is it.
    """

    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.depth = depth
        self.places: dict[Path, Place] = {}
        self.again: list[tuple[Path, Stretch]] = []
        self._elements: dict[Path, int] = {}
        self._declared: set[Path] = set()

    def run(self) -> "Walk":
        """Walk through the whole text and note the place of every path."""
        header: Path = ()
        at = self._skip(0)
        while at < len(self.text):
            if self.text.startswith("[[", at):
                at, header = self._header(at, 2)
            elif self.text[at] == "[":
                at, header = self._header(at, 1)
            else:
                at = self._pair(at, header)
            at = self._skip(at)
        return self

    def _skip(self, at: int) -> int:
        return _BLANK.match(self.text, at).end()  # pyright: ignore[reportOptionalMemberAccess]

    def _keys(self, at: int) -> tuple[int, list[tuple[str, Stretch]]]:
        keys = []
        while True:
            match = _KEY.match(self.text, at)
            assert match
            raw = match[0]
            name = raw if raw[0] not in "\"'" else raw[1:-1] if "\\" not in raw or raw[0] == "'" else _decode(raw)
            keys.append((name, match.span()))
            if not (dot := _DOT.match(self.text, match.end())):
                return _SPACE.match(self.text, match.end()).end(), keys  # pyright: ignore[reportOptionalMemberAccess]
            at = dot.end()

    def _header(self, start: int, brackets: int) -> tuple[int, Path]:
        at, keys = self._keys(_SPACE.match(self.text, start + brackets).end())  # pyright: ignore[reportOptionalMemberAccess]
        end = at + brackets
        whole = (start, end)
        path = self._enter((), keys[:-1])
        name, key = keys[-1]
        path = (*path, name)
        self._check(path, key[0])
        if brackets == 1:
            if path in self._declared or (path in self.places and self.places[path].literal):
                self.again.append((path, key))
            self._declared.add(path)
            path = self._element(path)
            self._note(path, Place(key, whole, literal=False))
        else:
            self._note(path, Place(key, whole, literal=False))
            index = self._elements.get(path, 0)
            self._elements[path] = index + 1
            path = (*path, index)
            self.places[path] = Place(None, whole, literal=False)
        return end, path

    def _pair(self, at: int, header: Path) -> int:
        at, keys = self._keys(at)
        path = self._enter(header, keys[:-1])
        name, key = keys[-1]
        path = (*path, name)
        self._check(path, key[0])
        at = _SPACE.match(self.text, at + 1).end()  # past "=" # pyright: ignore[reportOptionalMemberAccess]
        if path in self.places:
            self.again.append((path, key))
        self.places.setdefault(path, Place(key, (at, at), literal=True))
        end = self._value(at, path)
        if not self.again or self.again[-1] != (path, key):
            self.places[path] = Place(key, (at, end), literal=True)
        return end

    def _value(self, at: int, path: Path) -> int:
        opening = self.text[at]
        if opening not in "[{":
            match = _SCALAR.match(self.text, at)
            assert match
            return match.end()
        closing = "]" if opening == "[" else "}"
        at = self._skip(at + 1)
        index = 0
        while self.text[at] != closing:
            if opening == "[":
                element = (*path, index)
                self._check(element, at)
                self.places.setdefault(element, Place(None, (at, at), literal=True))
                end = self._value(at, element)
                self.places[element] = Place(None, (at, end), literal=True)
                at, index = end, index + 1
            else:
                at = self._pair(at, path)
            at = self._skip(at)
            if self.text[at] == ",":
                at = self._skip(at + 1)
        return at + 1

    def _enter(self, path: Path, keys: list[tuple[str, Stretch]]) -> Path:
        for name, key in keys:
            path = (*path, name)
            self._check(path, key[0])
            self._note(path, Place(key, key, literal=False))
            path = self._element(path)
        return path

    def _element(self, path: Path) -> Path:
        """Inside an array of tables, names go on from its last element."""
        count = self._elements.get(path)
        return path if count is None else (*path, count - 1)

    def _note(self, path: Path, place: Place) -> None:
        self.places.setdefault(path, place)

    def _check(self, path: Path, at: int) -> None:
        if len(path) > self.depth:
            raise TooDeep(at)


def places(text: str, depth: int = 1000) -> dict[Path, Place]:
    """The place of every path in a text that tomli accepts. Raises TooDeep beyond `depth`."""
    return Walk(text, depth).run().places


def _decode(raw: str) -> str:
    return tomli.loads(f"x={raw}")["x"]
