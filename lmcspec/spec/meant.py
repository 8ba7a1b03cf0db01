"""What was most likely meant by a value that a key doesn't take: other spellings of it, of which the key takes one.

Nothing is ever read this way. A spelling is offered only if validation accepts it, so the next attempt gets further.
"""

import datetime
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

import tomli
from pydantic import ValidationError, create_model

from lmcspec.catalog import Config
from lmcspec.spec.labels import PLAIN_NAME

LONGEST = 200
"""Characters of a string, and items of a list, beyond which nobody mistyped them in one place."""
_PERCENT = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(?:%|percent|per cent)")
_RATIO = re.compile(r"(\d+)\s*/\s*(\d+)")
_COMMA = re.compile(r"(\d+),(\d+)")
_THOUSANDS = re.compile(r"\d{1,3}(?:[,' _]\d{3})+")
_EPOCHS = re.compile(r"(\d+)\s*(?:e|ep|eps|epochs?)\.?")
_UPDATES = re.compile(r"(\d+)\s*(?:i|it|its|iters?|iterations?|updates?|steps?|batch(?:es)?)\.?")
_BOTH = re.compile(r"(\d+)\s*ep(?:ochs?)?[\s,+&]*(?:and)?\s*(\d+)\s*(?:its?|iters?|iterations?|updates?|steps?)")
_TRUTH = {"true": True, "yes": True, "on": True, "y": True, "false": False, "no": False, "off": False, "n": False}


@dataclass(frozen=True, slots=True)
class Meant:
    """A value that the key takes. A tuple holds several that are equally likely."""

    values: tuple[Any, ...]

    def question(self, spell: Callable[[Any], str]) -> str:
        """The offer in words: did you mean `0.83`?"""
        return f"did you mean {' or '.join(f'`{spell(value)}`' for value in self.values)}?"


def meant(
    annotation: Any, value: Any, written: str = "", complete: Callable[[Any], Any] = lambda table: table
) -> Meant | None:
    """What stands for `value` and fits the annotation, or None. `written` is the text that spelled it in the file.

    `complete` adds to a table what needn't be written in its place.
    """
    if isinstance(value, str | list | dict) and len(value) > LONGEST:
        return None
    model = create_model("Wanted", __base__=Config, value=(annotation, ...))

    def fits(candidate: Any) -> bool:
        try:
            model.model_validate({"value": complete(candidate)})
        except (ValidationError, RecursionError):
            return False
        return True

    if fits("1it") and isinstance(value, str) and value.strip().isdecimal():
        number = int(value)
        return Meant((f"{number}it", f"{number}ep"))
    singles = [spelling for spelling in _spellings(value, written) if not _same(spelling, value)]
    for candidate in (*singles, *_lists(value, singles), *_tables(value)):
        if fits(candidate):
            return Meant((candidate,))
    return None


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b


def _spellings(value: Any, written: str) -> Iterator[Any]:
    """Single values of other types that people write in this way."""
    match value:
        case None:
            yield from ([], {})
        case bool():
            yield "true" if value else "false"
            if value:
                yield {}
        case int() | float():
            yield from _numbers(value, written)
        case datetime.date() | datetime.time():
            yield written or value.isoformat()
        case str():
            yield from _words(value.strip())
        case []:
            yield {}
        case [only]:
            yield only
        case dict():
            yield [value]


def _numbers(value: float, written: str) -> Iterator[Any]:
    if isinstance(value, float) and value.is_integer():
        yield int(value)
    if 2 <= value <= 100:
        yield _hundredth(str(value))
    if value in (0, 1):
        yield bool(value)
    if written:
        yield written
    yield {"sparsity": value}


def _words(text: str) -> Iterator[Any]:
    lower = text.lower()
    if match := _PERCENT.fullmatch(lower):
        yield _hundredth(match[1])
    if (match := _RATIO.fullmatch(text)) and int(match[2]):
        yield int(match[1]) / int(match[2])
    if _THOUSANDS.fullmatch(text):
        yield int(re.sub(r"\D", "", text))
    if match := _COMMA.fullmatch(text):
        yield float(f"{match[1]}.{match[2]}")
    if match := _BOTH.fullmatch(lower):
        yield f"{int(match[1])}ep{int(match[2])}it"
    if match := _EPOCHS.fullmatch(lower):
        yield f"{int(match[1])}ep"
    if match := _UPDATES.fullmatch(lower):
        yield f"{int(match[1])}it"
    if get_close_matches(lower, ["rewind"]):
        yield "rewind"
    yield from _as_toml(text)
    if lower in _TRUTH:
        yield _TRUTH[lower]
    if not text.isascii() or not PLAIN_NAME.fullmatch(text):
        slug = re.sub(r"[^A-Za-z0-9_.+-]+", "-", text).strip("-_.+")
        if slug:
            yield slug


def _as_toml(text: str) -> Iterator[Any]:
    """What a string holds that was put in quotes without need."""
    for spelled in (text, re.sub(r"^\.(?=\d)", "0.", re.sub(r"(?<=\d)\.(?=$|e)", ".0", text))):
        try:
            data = tomli.loads(f"x = {spelled}")
        except (ValueError, RecursionError):
            continue
        if set(data) == {"x"}:
            value = data["x"]
            if isinstance(value, float) and value.is_integer():
                yield int(value)
            yield value
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield from _numbers(value, "")


def _hundredth(number: str) -> float:
    return float(Decimal(number) / 100)


def _lists(value: Any, singles: list[Any]) -> Iterator[Any]:
    """A list where one thing stands that it could hold."""
    if value is None or isinstance(value, list):
        return
    if isinstance(value, str) and "," in value:
        parts = [part.strip() for part in value.split(",") if part.strip()]
        yield [int(part) for part in parts] if all(part.isdecimal() for part in parts) else parts
    for item in (value, *singles):
        if not isinstance(item, list):
            yield [item]


def _tables(value: Any) -> Iterator[Any]:
    """A table where names stand, alone or in a list, or one-line tables in a list."""
    items = value if isinstance(value, list) else [value]
    if items and all(isinstance(item, str) for item in items):
        yield {item: {} for item in items}
        yield {item: [] for item in items}
    if len(items) > 1 and all(isinstance(item, dict) for item in items):
        merged = {key: inner for item in items for key, inner in item.items()}
        if len(merged) == sum(len(item) for item in items):
            yield merged
