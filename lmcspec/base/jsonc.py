"""JSON with comments, as editors keep settings: read, and changed in one place while all else stays as written."""

import json
import re
from collections.abc import Iterator
from typing import Any

from lmcspec.base.documents import DocumentError, parse_document

_STRING = r'"(?:\\.|[^"\\])*+"?'
_COMMENT = re.compile(rf"{_STRING}|//[^\n]*|/\*(?:.*?\*/|.*)", re.DOTALL)
"""Also one without an end, up to which all of the text would else be searched from each beginning."""
_LAST_COMMA = re.compile(rf"{_STRING}|,(?=\s*[}}\]])", re.DOTALL)
_NOT_SPACE = re.compile(r"\S|$")
_INDENT = re.compile(r"\s*\{\s*\n([^\S\n]+)\S")
_DECODER = json.JSONDecoder()


def parse(text: str, name: str) -> Any:
    """What the text holds; DocumentError where it is no JSON even without its comments.

    Of nothing, and of nothing but comments, an empty object.
    """
    return {} if _is_empty(text) else parse_document(_plain(text), name)


def with_value(text: str, name: str, table: str, key: str, value: Any) -> str:
    """The text with `value` under a key of a table of its object, either of which need not be there.

    Raises DocumentError where the text is no JSON, or holds no such tables.
    """
    document = parse(text, name)
    if not isinstance(document, dict) or not isinstance(document.get(table, {}), dict):
        raise DocumentError(name, f"has no object where `{table}` should be")
    if _is_empty(text):
        comments = f"{text.rstrip()}\n" if text.strip() else ""
        return f"{comments}{json.dumps({table: {key: value}}, indent=2, ensure_ascii=False)}\n"
    plain = _plain(text)
    start = plain.index("{")
    tables = {name: place for name, *place in _entries(plain, start)}
    if table not in tables:
        return _inserted(text, plain, start, 1, table, {key: value})
    entries = {name: place for name, *place in _entries(plain, tables[table][0])}
    if key not in entries:
        return _inserted(text, plain, tables[table][0], 2, key, value)
    begin, end = entries[key]
    return text[:begin] + _written(value, 2, _indent(plain)) + text[end:]


def _is_empty(text: str) -> bool:
    """Whether nothing stands there but comments, each with an end: what comes behind them is read."""
    return _plain(f"{text}\n0").strip() == "0"


def _plain(text: str) -> str:
    """The text with spaces for comments and for commas that nothing follows, each character in its old place.

    So with the mark of its encoding, which some editors put before all else.
    """
    if text.startswith("\ufeff"):
        text = f" {text[1:]}"
    for pattern in (_COMMENT, _LAST_COMMA):
        text = pattern.sub(
            lambda match: match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0]), text
        )
    return text


def _entries(plain: str, start: int) -> Iterator[tuple[str, int, int]]:
    """(key, where its value begins, where it ends) of the object that begins there."""
    at = _next(plain, start + 1)
    while plain[at] != "}":
        key, at = _DECODER.raw_decode(plain, at)
        begin = _next(plain, _next(plain, at) + 1)
        _, end = _DECODER.raw_decode(plain, begin)
        yield key, begin, end
        at = _next(plain, end)
        at = _next(plain, at + 1) if plain[at] == "," else at


def _next(plain: str, at: int) -> int:
    """Where the next character stands that is no space."""
    match = _NOT_SPACE.search(plain, at)
    return match.start() if match else at


def _inserted(text: str, plain: str, start: int, depth: int, key: str, value: Any) -> str:
    """The text with an entry at the head of the object that begins at `start`."""
    indent = _indent(plain)
    entry = f"\n{indent * depth}{json.dumps(key, ensure_ascii=False)}: {_written(value, depth, indent)}"
    first = _next(plain, start + 1)
    if plain[first] == "}":
        end = "" if "\n" in text[start:first] else f"\n{indent * (depth - 1)}"
        return text[: start + 1] + entry + end + text[start + 1 :]
    gap = "" if "\n" in plain[start:first] else f"\n{indent * depth}"
    return f"{text[: start + 1]}{entry},{gap}{text[start + 1 :].lstrip(' ') if gap else text[start + 1 :]}"


def _indent(plain: str) -> str:
    match = _INDENT.match(plain)
    return match[1] if match else "  "


def _written(value: Any, depth: int, indent: str) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=False).replace("\n", "\n" + indent * depth)
