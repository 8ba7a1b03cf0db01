"""The JSON Schema of a spec file, for editors: the models' own, and what only the language has.

Short forms, `extends`, presets, `each` and `sweep` never reach the models, so they are added here. The schema is a
little laxer than `load`: it knows no names of the study itself, and a file that extends another may lack anything.
"""

from collections.abc import Mapping
from typing import Any

from lmcspec.catalog.augmentation import Augment
from lmcspec.spec.preset_files import measure_presets, presets, set_presets, stage_presets
from lmcspec.spec.recipe import Recipe
from lmcspec.spec.schema_definitions import Definitions, Told, of_models
from lmcspec.spec.schema_examples import example_of, give_examples
from lmcspec.spec.schema_parts import NAME, allow_each, extends, inside, keyed, several_ways, sweep, table_of, union
from lmcspec.spec.schema_unions import cards, describe_names, named, ref, sentence, tables_of, told_apart
from lmcspec.spec.schema_whole import asks_for_all
from lmcspec.spec.schema_words import Schema
from lmcspec.spec.study import Like, LoadedSet, OtherSet, PrunedFirst, Space, Stage

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TABLE: Schema = {"type": "object"}
_UNIONS = ("dataset", "model", "optimiser", "schedule", "criterion")
"""Keys whose value is a card of the kind that they are called, by its name or as a table with it."""


def schema() -> Schema:
    """The JSON Schema (draft 2020-12) with the names of every card, plug-ins included."""
    document, definitions = of_models()
    properties = document["properties"]
    _unions(properties, definitions)
    for table in (document, *definitions.values()):
        give_examples(table, definitions)
    _recipes(properties, definitions)
    _distilled(properties, definitions)
    _networks(properties, definitions)
    _permutations(properties, definitions)
    _measures(properties, definitions)
    _figures(properties, definitions)
    properties["extends"] = extends()
    properties["sweep"] = sweep()
    definitions.tell_undescribed()
    whole = asks_for_all(definitions.required[""], properties, definitions)
    return {
        "$schema": DRAFT,
        **document,
        "title": "lmcspec study",
        "minProperties": 1,
        **whole,
        "$defs": dict(sorted(definitions.items())),
    }


def _unions(properties: Schema, definitions: Definitions) -> None:
    """Whatever is a card: its bare name where the rest has defaults, or a table told apart by it."""
    options = {kind: named(kind, definitions) for kind in _UNIONS}
    made = [definitions[definitions.of(card.config)]["properties"] for card in cards("distiller")]
    tables = [definitions.table(table)["properties"] for table in (Recipe, Stage, PrunedFirst, OtherSet)]
    for keys in (properties, *made, *tables):
        for kind in _UNIONS:
            if kind in keys:
                keys[kind] = _words_of(keys[kind]) | options[kind]
    bare, table = {"enum": ["raw", "standardised", "zca"]}, definitions.ref(Space)
    space = union([bare, table], [(_TABLE, table)], bare)
    for definition in definitions.values():
        keys = definition.get("properties", {})
        keys |= {"space": _words_of(keys["space"]) | space} if "space" in keys else {}


def _words_of(field: Schema) -> Schema:
    return {key: field[key] for key in ("description", "default", "examples") if key in field}


def _recipes(properties: Schema, definitions: Definitions) -> None:
    tables = [definitions.of(Recipe), definitions.of(Augment), *tables_of("optimiser", definitions)]
    for name in (*tables, *tables_of("schedule", definitions)):
        allow_each(definitions[name], but=("name",))
    recipe = definitions.table(Recipe)
    recipe["properties"]["extends"] = _preset("A preset, or another recipe of this study, beneath this one.", presets())
    bare = {"type": "string", "description": "A preset, as it is.", "examples": sorted(presets())}
    table = definitions.ref(Recipe)
    properties["recipes"] |= table_of(union([bare, table], [(_TABLE, table)], bare), least=1)


def _preset(description: str, known: Mapping[str, Any]) -> Schema:
    return {"type": "string", "description": description, "examples": sorted(known)}


def _distilled(properties: Schema, definitions: Definitions) -> None:
    describe_names("distiller", definitions)
    given = {definitions.of(LoadedSet): Told("load"), definitions.of(OtherSet): Told("dataset")}
    definitions.told |= given
    tables = [*given, *tables_of("distiller", definitions)]
    preset = _preset("A preset, or another set of this study, beneath this one.", set_presets())
    for name in tables:
        definitions[name]["properties"]["extends"] = preset
    bare = {"type": "string", "description": "A preset, as it is.", "examples": sorted(set_presets())}
    made = union([bare, *map(ref, tables)], told_apart(tables, definitions), bare)
    properties["distilled"] |= table_of(made, least=0)


def _networks(properties: Schema, definitions: Definitions) -> None:
    stage = definitions.table(Stage)
    stage["properties"]["extends"] = _preset("A preset beneath this stage.", stage_presets())
    allow_each(stage, but=("extends",))
    allow_each(definitions.table(Like))
    stages = {"type": "array", "items": definitions.ref(Stage)}
    changed = {
        "type": "object",
        "description": "Stages of the same network in a file that this one extends, by number from 0.",
        "patternProperties": {r"^\d+$": definitions.ref(Stage)},
        "additionalProperties": False,
        "minProperties": 1,
    }
    like = definitions.ref(Like)
    numbers = {"type": "object", "propertyNames": {"pattern": r"^\d+$"}, "minProperties": 1}
    several = union([stages, like, changed], [(numbers, changed), (_TABLE, like)], stages)
    properties["networks"] |= table_of(several, least=1)


def _permutations(properties: Schema, definitions: Definitions) -> None:
    """Ways to align networks; where there are several, by `each`, all keys are those of some."""
    describe_names("matcher", definitions)
    tables = tables_of("matcher", definitions)
    cases = told_apart(tables, definitions)
    for name in (*tables, *inside(tables, definitions)):
        allow_each(definitions[name], but=("method",))
    several = several_ways()
    by_each = {"type": "object", "required": ["method"], **keyed({"method": _TABLE})}
    ways = union([*map(ref, tables), several], [(by_each, several), *cases], _TABLE)
    properties["permutations"] |= table_of(ways, least=0)


def _measures(properties: Schema, definitions: Definitions) -> None:
    """A measure whose own name is a kind needs none; of any other name, or with `kind`, it may be any."""
    describe_names("measure", definitions)
    tables = tables_of("measure", definitions)
    preset = _preset("A preset, or another measure of this study, beneath this one.", measure_presets())
    for name in tables:
        definitions[name]["properties"]["extends"] = preset
    definitions["any-measure"] = union([*map(ref, tables), preset], told_apart(tables, definitions), preset)
    anything = ref("any-measure")
    of_another = {"anyOf": [{"required": ["kind"]}, {"required": ["extends"]}, {"type": "string"}]}
    by_kind = {
        card.name: {
            "description": sentence(card.doc),
            "examples": [example_of(definitions.of(card.config), definitions, but=("kind",))],
            **union([definitions.ref(card.config)], [(of_another, anything)], definitions.ref(card.config)),
        }
        for card in cards("measure")
    }
    named_so = {"propertyNames": {"pattern": NAME}, "additionalProperties": anything}
    properties["measures"] = _words_of(properties["measures"]) | {"type": "object", "properties": by_kind, **named_so}


def _figures(properties: Schema, definitions: Definitions) -> None:
    describe_names("plot", definitions)
    tables = tables_of("plot", definitions)
    plots = union([*map(ref, tables)], told_apart(tables, definitions), _TABLE)
    properties["figures"] |= table_of(plots, least=0)
