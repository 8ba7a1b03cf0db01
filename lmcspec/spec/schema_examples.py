"""Examples for the keys of the JSON Schema that declare none of their own."""

from collections.abc import Iterator, Sequence
from typing import Any

from lmcspec.spec.schema_definitions import Definitions
from lmcspec.spec.schema_words import Schema

_MOST = 3
"""Examples of a key."""


def give_examples(table: Schema, definitions: Definitions) -> None:
    """Examples for the keys of a table that declare none: other choices than the default, or the default itself."""
    for field in table.get("properties", {}).values():
        if "examples" not in field and (examples := list(_examples(field, definitions))):
            field["examples"] = examples[:_MOST]


def example_of(name: str, definitions: Definitions, but: Sequence[str] = ()) -> dict[str, Any]:
    """A table of a definition with the keys that it needs, `but` some."""
    keys = (key for key in definitions.required[name] if key not in but)
    return {key: definitions[name]["properties"][key]["examples"][0] for key in keys}


def _examples(field: Schema, definitions: Definitions) -> Iterator[Any]:
    """Values that a subschema takes, those that say most first."""
    default = field.get("default")
    others = [value for value in _choices(field, definitions) if value != default]
    yield from others
    if default not in (None, *others) and (default or not others):
        yield default


def _choices(field: Schema, definitions: Definitions) -> Iterator[Any]:
    match field:
        case {"examples": examples}:
            yield from examples
        case {"const": value}:
            yield value
        case {"enum": values}:
            yield from values
        case {"type": "boolean"}:
            yield from (True, False)
        case {"type": "array", "items": items}:
            several = [*_choices(items, definitions)]
            least, most = max(1, field.get("minItems", 1)), field.get("maxItems", 2)
            if len(several) >= least:
                yield several[: max(least, min(most, 2))]
        case {"anyOf": members} | {"oneOf": members}:
            firsts = [next(_choices(member, definitions), None) for member in members]
            yield from (value for value in firsts if value is not None)
        case {"$ref": str(place)}:
            name = place.rpartition("/")[2]
            keys = definitions[name]["properties"]
            needed = {key: next(_choices(keys[key], definitions), None) for key in definitions.required[name]}
            if needed and None not in needed.values():
                yield needed
        case _:
            return
