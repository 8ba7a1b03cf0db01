"""Parts of the JSON Schema that know of no cards: tables of own names, `each`, and `sweep`."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$"


def table_of(value: Schema, least: int) -> Schema:
    """A table of names with such values, of which there are so many at least."""
    return {
        "type": "object",
        "patternProperties": {NAME: value},
        "additionalProperties": False,
        "minProperties": least,
    }


def allow_each(table: Schema, but: tuple[str, ...] = ()) -> None:
    """Let `each` be the value of all keys of a table but these."""
    for key, field in table["properties"].items():
        if key in but:
            continue
        kept = {name: field[name] for name in ("description", "default", "title") if name in field}
        value = {name: content for name, content in field.items() if name not in kept}
        each = {
            "type": "object",
            "properties": {"each": {"type": "array", "minItems": 1, "uniqueItems": True, "items": value}},
            "required": ["each"],
            "additionalProperties": False,
        }
        table["properties"][key] = {**kept, "anyOf": [value, each]}


def sweep() -> Schema:
    """The table that makes cases."""
    axis: Schema = {"type": "object", "minProperties": 1}
    return {
        "type": "object",
        "description": "Cases of the study: all combinations of `cases`, `grid` and `zip` that `exclude` leaves.",
        "properties": {
            "grid": {**axis, "description": "Paths and the lists of their values: every combination."},
            "zip": {**axis, "description": "Paths and lists of one length, taken item by item."},
            "exclude": {"type": "array", "items": {"type": "object", "minProperties": 1}},
            "only": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "string"},
                "description": "Those of `cases` that are taken, in this order.",
            },
            "cases": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {"case": {"type": "string", "pattern": NAME}},
                    "required": ["case"],
                    "description": "A name, and what is different in this case.",
                },
            },
        },
        "additionalProperties": False,
    }


def inside(tables: Sequence[str], definitions: Mapping[str, Schema]) -> list[str]:
    """The tables that stand, by name, in some others, or in one of these."""
    reached: dict[str, None] = {}
    queue = [*tables]
    while queue:
        for name in re.findall(r'"#/\$defs/([^"]+)"', json.dumps(definitions[queue.pop()])):
            if name not in reached and name not in tables and "properties" in definitions[name]:
                reached[name] = None
                queue.append(name)
    return list(reached)
