"""What a key of a spec is, as the JSON Schema has it: found by the key's path, whether the spec sets it or not."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lmcspec.base.word_lists import joined
from lmcspec.catalog.config import STEP_PATTERN
from lmcspec.spec.paths import Path
from lmcspec.spec.phrases import BOOLEAN, INTEGER, NUMBER, STEP, STRING, TABLE
from lmcspec.spec.schema_words import UNIT, Schema
from lmcspec.spec.toml_text import inline

_TELLS = ("name", "method", "kind", "plot")
"""Keys that tell the tables of a union apart."""
_BRACKET = re.compile(r"\[.*\]$")
_TYPES = {"integer": INTEGER, "number": NUMBER, "string": STRING, "boolean": BOOLEAN}
_BOUNDS = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "above", "exclusiveMaximum": "below"}


class KeyWords(NamedTuple):
    """What is known of a key."""

    of: str
    """The table that it is a key of, where several have one of this name; empty where there is one."""
    meaning: str
    unit: str
    takes: str
    """What its value may be, in words."""
    choices: tuple[Any, ...]
    """All values that it may have, where they are few."""
    default: Any
    """What it is unless set; None where nothing."""
    examples: tuple[Any, ...]

    def __str__(self) -> str:
        shown = [("takes", self.takes), ("unit", "" if STEP in self.takes else self.unit)]
        shown += [("default", inline(self.default))] if self.default is not None else []
        shown += [("such as", " or ".join(map(inline, self.examples)))] if self.examples and not self.choices else []
        head = f"  {f'in {self.of}: ' if self.of else ''}{self.meaning}"
        return "\n".join([head, *(f"  {word:<7}  {text}" for word, text in shown if text)])


def words_of(document: Schema, path: Path, data: Any) -> list[KeyWords]:
    """What the JSON Schema says of the key at a path of a spec whose values are `data`; nothing where it has no such.

    Several where tables of several kinds have the key, and the data don't tell of which kind theirs is.
    """
    reached: list[tuple[str, Schema]] = [("", document)]
    for part in path:
        reached = [
            inner
            for _, schema in reached
            for name, table in _tables(document, schema, data)
            for inner in _at(name, table, part)
        ]
        data = _inside(data, part)
    told: dict[tuple[Any, ...], KeyWords] = {}
    for name, schema in reached:
        words = said(document, name, schema, data)
        key = (words.meaning, words.takes, str(words.default))
        if words.meaning:
            told[key] = words._replace(of=f"{told[key].of}, {words.of}") if key in told else words
    several = list(told.values())
    return several if len(several) > 1 else [words._replace(of="") for words in several]


def _tables(document: Schema, schema: Schema, data: Any) -> Iterator[tuple[str, Schema]]:
    """What a value may be, with the names of definitions: those that the data are, where they tell."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        for inner, table in _tables(document, document["$defs"][name], data):
            yield inner or name, table
        return
    if members := [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]:
        for member in members:
            yield from _tables(document, member, data)
    if schema.keys() & {"properties", "patternProperties", "items"} and not _is_other(schema, data):
        yield "", schema


def _is_other(table: Schema, data: Any) -> bool:
    """Whether data that say by a key which table they are say another."""
    keys = table.get("properties")
    if not isinstance(data, Mapping) or keys is None:
        return False
    said = {key: data[key] for key in _TELLS if isinstance(data.get(key), str)}
    names = _names(table)
    return any(key not in keys or value not in names.get(key, [value]) for key, value in said.items())


def _names(table: Schema) -> dict[str, list[str]]:
    """By the key that tells a table from others the names that stand there, also where there may be several."""
    keys = {key: table["properties"][key] for key in _TELLS if key in table.get("properties", {})}
    enums = {key: [*field.get("anyOf", ()), field] for key, field in keys.items()}
    return {key: option["enum"] for key, options in enums.items() for option in options if "enum" in option}


def _at(name: str, table: Schema, part: str | int) -> Iterator[tuple[str, Schema]]:
    if isinstance(part, int) or part.isdecimal():
        if "items" in table:
            yield name, table["items"]
    elif part in table.get("properties", {}):
        yield name, table["properties"][part]
    else:
        member = _BRACKET.sub("", part)
        patterns = table.get("patternProperties", {}).items()
        yield from ((name, value) for pattern, value in patterns if re.compile(pattern).search(member))
        if isinstance(other := table.get("additionalProperties"), dict):
            yield name, other


def _inside(data: Any, part: str | int) -> Any:
    try:
        return data[int(part) if isinstance(data, list) else part]
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def said(document: Schema, name: str, schema: Schema, data: Any) -> KeyWords:
    """What a schema says of a key, as that of the table `name` of the JSON Schema, where its value is `data`."""
    options = [option for option in schema.get("anyOf", [schema]) if option and not _is_each(option)]
    choices = [
        value for option in options for value in option.get("enum", [option["const"]] if "const" in option else [])
    ]
    tables = {inner: table for inner, table in _tables(document, schema, data) if inner}
    of_table = (
        next(iter(tables.values())).get("description", "") if len(tables) == 1 and not isinstance(data, list) else ""
    )
    meaning = schema.get("description", "").removesuffix(f" Unit: {schema.get(UNIT, '')}.") or of_table
    return KeyWords(
        _called(document, name),
        meaning.partition("\n\n")[0].replace("\n", " "),
        schema.get(UNIT, ""),
        _takes(options),
        tuple(choices) if all("enum" in option or "const" in option for option in options) else (),
        schema.get("default"),
        tuple(schema.get("examples", ())),
    )


def _called(document: Schema, name: str) -> str:
    """A table of a card by the names that a spec has for it, any other by that of its class."""
    names = _names(document["$defs"].get(name, {}))
    return f"`{next(iter(names.values()))[0]}`" if names else name


def _is_each(option: Schema) -> bool:
    return "each" in option.get("properties", {})


def _number(bound: float) -> str:
    """A bound, the same whether it was declared as 0 or 0.0."""
    return f"{int(bound) if bound == int(bound) else bound:,}"


def _takes(options: Sequence[Schema]) -> str:
    words = list(dict.fromkeys(word for option in options for word in _in_words(option)))
    if STEP in words:  # of which a number of epochs is one
        words = [word for word in words if word != f"{INTEGER}, at least 0"]
    return joined(words, "or")


def _in_words(option: Schema) -> Iterator[str]:
    """What a member of a union takes; tables are one word, however many there are."""
    match option:
        case {"const": value}:
            yield inline(value)
        case {"enum": values}:
            yield from map(inline, values)
        case {"pattern": pattern} if pattern == STEP_PATTERN:
            yield STEP
        case {"anyOf": members} | {"oneOf": members}:
            told = [member for member in members if member and not _is_each(member)]
            yield from (word for member in told for word in _in_words(member))
        case {"type": "array", "items": items}:
            yield f"a list (each {_takes([items])})"
        case {"type": str(kind)} if kind in _TYPES:
            bounds = [f"{word} {_number(option[bound])}" for bound, word in _BOUNDS.items() if bound in option]
            yield ", ".join([_TYPES[kind], *bounds])
        case _:
            yield TABLE
