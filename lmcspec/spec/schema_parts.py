"""Parts of the JSON Schema that know of no cards: tables of own names, `each`, and `sweep`."""

import json
import re
from collections.abc import Mapping, Sequence

from lmcspec.spec.labels import NAME_PATTERN
from lmcspec.spec.schema_words import UNIT, Schema

_SPECIAL = re.compile(r"[.+]")
NAME = f"^{NAME_PATTERN}$"


def table_of(value: Schema, least: int) -> Schema:
    """A table of names with such values, of which there are so many at least."""
    return {
        "type": "object",
        "patternProperties": {NAME: value},
        "additionalProperties": False,
        "minProperties": least,
    }


def union(options: Sequence[Schema], cases: Sequence[tuple[Schema, Schema]], otherwise: Schema) -> Schema:
    """One of several, by conditions tried in turn: of the one that is meant what is wrong in it is said, not in all.

    Editors look into the members of `anyOf` for what may be typed; as there is one that takes anything, it refuses
    nothing by itself.
    """
    for condition, then in reversed(cases):
        otherwise = {"if": condition, "then": then, "else": otherwise}
    return {"anyOf": [{}, *options], **otherwise}


def keyed(values: Mapping[str, Schema]) -> Schema:
    """What the values of these keys have to be, where there is anything. Nothing is declared: keys are patterns."""
    patterns = {"^" + _SPECIAL.sub(r"[\g<0>]", key) + "$": value for key, value in values.items() if value}
    return {"patternProperties": patterns} if patterns else {}


def allow_each(table: Schema, but: tuple[str, ...] = ()) -> None:
    """Let `each` be the value of all keys of a table but these."""
    for key, field in table["properties"].items():
        if key in but:
            continue
        kept = {name: field[name] for name in ("description", UNIT, "default", "examples") if name in field}
        value = {name: content for name, content in field.items() if name not in kept}
        several = {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": value,
            "description": "Values of this key: the study has a member of the family for each.",
            "examples": [kept["examples"][:2]] if "examples" in kept else [],
        }
        each = {
            "type": "object",
            "properties": {"each": several},
            "required": ["each"],
            "additionalProperties": False,
        }
        table["properties"][key] = kept | _or_each(value, each)


def _or_each(value: Schema, each: Schema) -> Schema:
    if '"$ref"' not in json.dumps(value):
        return {"anyOf": [value, each]}
    by_each = {"type": "object", "required": ["each"]}
    if "if" not in value:
        return union([value, each], [(by_each, each)], value)
    conditions = {word: value[word] for word in ("if", "then", "else")}
    return union([*value["anyOf"][1:], each], [(by_each, each)], conditions)


def several_ways() -> Schema:
    """A permutation by each of several methods, whose keys are those of some of them."""
    each = {"type": "array", "minItems": 1, "description": "The methods.", "examples": [["weights", "activations"]]}
    method = {
        "type": "object",
        "properties": {"each": each},
        "required": ["each"],
        "description": "Several ways to align: the study has a permutation by each.",
        "examples": [{"each": ["weights", "activations"]}],
    }
    return {"type": "object", "required": ["method"], "properties": {"method": method}}


def extends() -> Schema:
    """The key for files beneath a spec."""
    return {
        "description": "Specs beneath this one, later ones on top: tables merge, cases by name, lists are replaced. "
        "A path starts at this file's folder.",
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        "examples": ["_settings.toml", ["../_settings.toml", "_scale.toml"]],
    }


def sweep() -> Schema:
    """The table that makes cases."""
    axis: Schema = {"type": "object", "minProperties": 1}
    values = {"model": ["lenet-300-100", "convnet3"], "recipes.real.optimiser.lr": [0.1, 0.2]}
    properties: Schema = {
        "grid": {
            **axis,
            "description": "Paths and the lists of their values: every combination.",
            "examples": [values],
        },
        "zip": {**axis, "description": "Paths and lists of one length, taken item by item.", "examples": [values]},
        "exclude": {
            "type": "array",
            "items": {"type": "object", "minProperties": 1},
            "description": "Combinations that are left out: paths and the values at which a case is none.",
            "examples": [[{"model": "convnet3", "recipes.real.optimiser.lr": 0.2}]],
        },
        "only": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {"type": "string"},
            "description": "Those of `cases` that are taken, in this order.",
            "examples": [["lenet"]],
        },
        "cases": {
            "type": "array",
            "minItems": 1,
            "items": _case(),
            "description": "Cases by name, each with what is different in it.",
            "examples": [[{"case": "lenet", "model": "lenet-300-100"}, {"case": "convnet", "model": "convnet3"}]],
        },
    }
    return {
        "type": "object",
        "description": "Cases of the study: all combinations of `cases`, `grid` and `zip` that `exclude` leaves.",
        "properties": properties,
        "additionalProperties": False,
        "examples": [{"grid": values}],
    }


def _case() -> Schema:
    name = {"type": "string", "pattern": NAME, "description": "What the case is called.", "examples": ["lenet"]}
    return {
        "type": "object",
        "properties": {"case": name},
        "required": ["case"],
        "description": "A name, and what is different in this case.",
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
