"""What a spec that stands for itself has to say: the keys that no default gives, table by table.

A file that extends another, that others extend, or that has a sweep may leave out any of them, and so may a table that
extends a preset. JSON Schema can't tell a definition where it is used: so no definition asks for a key, and a spec that
stands for itself is asked for all of them in one place. Keys are told by patterns here, since nothing is declared.
"""

from collections.abc import Iterator, Mapping, Sequence

from lmcspec.spec.schema_definitions import Definitions
from lmcspec.spec.schema_parts import keyed
from lmcspec.spec.schema_words import Schema

_ELSEWHERE = {"anyOf": [{"required": ["extends"]}, {"required": ["each"]}]}
"""Of a table whose other keys stand somewhere else. It holds of what is no table, too, which needs nothing."""


def asks_for_all(required: Sequence[str], properties: Mapping[str, Schema], definitions: Definitions) -> Schema:
    """The condition under which a spec stands for itself, and what it needs then."""
    inside = {key: _of(value, definitions) for key, value in properties.items() if key != "measures"}
    inside["measures"] = _of_measures(properties["measures"]["properties"], definitions)
    parts = [{"required": ["extends"]}, {"required": ["sweep"]}]
    return {
        "if": {"required": ["study"], "not": {"anyOf": parts}},
        "then": {"required": [*required], **keyed(inside)},
    }


def _of(value: Schema, definitions: Definitions) -> Schema:
    """What a value needs; empty where that is nothing. Keywords for tables say nothing of lists, and the other way."""
    options = [*_options(value, definitions)]
    names = list(dict.fromkeys(name for option in options if (name := option.get("$ref", "").rpartition("/")[2])))
    told = [name for name in names if name in definitions.told]
    needs = [_of_union(told, definitions)] if told else []
    needs += [_unless_elsewhere(_of_table(name, definitions)) for name in names if name not in told]
    for option in options:
        if items := option.get("items") and _of(option["items"], definitions):
            needs.append({"items": items})
        inside = {key: _of(item, definitions) for key, item in option.get("patternProperties", {}).items()}
        needs += [{"patternProperties": {pattern: inner}} for pattern, inner in inside.items() if inner]
    needs = [need for need in needs if need]
    return needs[0] if len(needs) == 1 else {"allOf": needs} if needs else {}


def _options(value: Schema, definitions: Definitions) -> Iterator[Schema]:
    """The members of a union, those of unions in it included."""
    inner = definitions[value["$ref"].rpartition("/")[2]] if "$ref" in value else value
    if members := inner.get("anyOf", inner.get("oneOf")):
        for member in members:
            yield from _options(member, definitions)
    else:
        yield value


def _of_table(name: str, definitions: Definitions, but: Sequence[str] = ()) -> Schema:
    required = [key for key in definitions.required.get(name, ()) if key not in but]
    properties = definitions[name].get("properties", {})
    inside = {key: _of(value, definitions) for key, value in properties.items()}
    return ({"required": required} if required else {}) | keyed(inside)


def _of_union(names: Sequence[str], definitions: Definitions) -> Schema:
    """The key that tells its tables apart, and of each of them what it needs besides."""
    keys = list(dict.fromkeys(definitions.told[name].key for name in names))
    asked: Schema = {"required": keys} if len(keys) == 1 else {"anyOf": [{"required": [key]} for key in keys]}
    return _unless_elsewhere(asked | _by_name(names, definitions))


def _by_name(names: Sequence[str], definitions: Definitions) -> Schema:
    """Of each table of a union what it needs, where the key says that it is this one."""
    cases: list[Schema] = []
    for name in names:
        key, called = definitions.told[name]
        if needs := _of_table(name, definitions, but=(key,)):
            told = keyed({key: {"enum": [*called]}}) if called else {}
            cases.append({"if": {"required": [key], **told}, "then": needs})
    return {"allOf": cases} if cases else {}


def _of_measures(by_kind: Mapping[str, Schema], definitions: Definitions) -> Schema:
    """A measure whose own name is a kind needs no `kind`; `by_kind` has the name of each."""
    of_measures = {name: told for name, told in definitions.told.items() if told.key == "kind"}
    tables = {called: name for name, told in of_measures.items() for called in told.names}
    definitions["whole-measure"] = _by_name([*of_measures], definitions)
    whole = {"$ref": "#/$defs/whole-measure"}
    without_kind = {called: _of_table(tables[called], definitions, but=("kind",)) for called in by_kind}
    of_kinds = {
        called: _unless_elsewhere({"if": {"required": ["kind"]}, "then": whole, "else": needs})
        for called, needs in without_kind.items()
    }
    return {**keyed(of_kinds), "additionalProperties": _unless_elsewhere({"required": ["kind"], "allOf": [whole]})}


def _unless_elsewhere(needs: Schema) -> Schema:
    return {"if": _ELSEWHERE, "else": needs} if needs else {}
