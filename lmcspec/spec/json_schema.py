"""The JSON Schema of a spec file, for editors: the models' own, and what only the language has.

Short forms, `extends`, presets, `each` and `sweep` never reach the models, so they are added here. The schema is a
little laxer than `load`: it knows no names of the study itself, and a file that extends another may lack anything.
"""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import ModelSchema

from lmcspec.catalog import Card, built_in, plug_ins
from lmcspec.catalog.augmentation import Augment
from lmcspec.spec.descriptions import described
from lmcspec.spec.preset_files import measure_presets, presets, set_presets, stage_presets
from lmcspec.spec.recipe import Recipe
from lmcspec.spec.schema_parts import NAME, Schema, allow_each, inside, sweep, table_of
from lmcspec.spec.study import Like, LoadedSet, OtherSet, PrunedFirst, Space, Stage
from lmcspec.spec.study_model import __name__ as MADE
from lmcspec.spec.study_model import study_model

_CLASS = "its class"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


class Definitions(dict[str, Schema]):
    """The schemas of models, by names that say nothing where two classes have one name: `of` finds them by class."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        super().__init__(definitions)
        self.names: dict[type, str] = {}

    def of(self, model: type) -> str:
        """The name of a class's definition, or of that which the study's model makes of it."""
        made = (name for cls, name in self.names.items() if cls.__module__ == MADE and model in cls.__bases__)
        return self.names.get(model) or next(made)


def schema() -> Schema:
    """The JSON Schema (draft 2020-12) with the names of every card, plug-ins included."""
    classes: list[type] = []

    class OfClasses(GenerateJsonSchema):
        """Notes of each definition of which class it is."""

        def model_schema(self, schema: ModelSchema) -> Schema:
            written = super().model_schema(schema)
            classes.append(schema["cls"])
            return {**written, _CLASS: len(classes) - 1}

    document = study_model(plugged=True).model_json_schema(schema_generator=OfClasses)
    definitions = Definitions(document["$defs"])
    for name, definition in (("", document), *definitions.items()):
        _tidy(definition)
        if _CLASS in definition:
            model = classes[definition.pop(_CLASS)]
            definitions.names[model] = name
            for field, text in described(model).items():
                if field in definition.get("properties", {}):
                    definition["properties"][field]["description"] = text
    document["$defs"] = definitions
    properties = document["properties"]
    properties["dataset"] = _named("dataset", "name", definitions)
    properties["model"] = _named("model", "name", definitions)
    _recipes(properties, definitions)
    _distilled(properties, definitions)
    _networks(properties, definitions)
    _permutations(properties, definitions)
    _measures(properties, definitions)
    properties["figures"] = table_of(_named("plot", "plot", definitions), least=0)
    properties["extends"] = {
        "description": "Specs beneath this one, later ones on top: tables merge, cases by name, lists are replaced.",
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    }
    properties["sweep"] = sweep()
    required = document.pop("required")
    return {
        "$schema": _DRAFT,
        **document,
        "title": "lmcspec study",
        "if": {"not": {"required": ["extends"]}},
        "then": {"required": required},
    }


def _cards(kind: str) -> list[Card]:
    return [*built_in(kind).values(), *plug_ins(kind).values()]


def _named_by(card: Card) -> Schema:
    """The key by which a table is told to be of this card, or of another that shares its class."""
    return {"enum": [other.name for other in _cards(card.kind) if other.config is card.config]}


def _tidy(table: Schema) -> None:
    """Defaults as they are written, and no keys of our own."""
    for field in table.get("properties", {}).values():
        field.pop("neutral", None)
        field.pop("added_later", None)
        field.pop("discriminator", None)
        default = field.get("default")
        if isinstance(default, dict) and set(default) == {"epochs", "updates"}:
            epochs, updates = default["epochs"], default["updates"]
            field["default"] = f"{epochs}ep" if not updates else f"{epochs}ep{updates}it" if epochs else f"{updates}it"
    if table.get("required") == []:
        del table["required"]


def _named(kind: str, key: str, definitions: Definitions, *, short: bool = True) -> Schema:
    """A table told apart by `key`, or the bare name where the rest has defaults."""
    options: list[Schema] = []
    words: list[str] = []
    for card in _cards(kind):
        name = definitions.of(card.config)
        table = definitions[name]
        others = [field for field in table.get("required", []) if field != key]
        table["required"] = [key, *others]
        table["properties"][key] = _named_by(card)
        options.append({"$ref": f"#/$defs/{name}"})
        words += [] if others else [card.name]
        if card.variants:
            words += card.variants
            variant = {
                **table,
                "properties": {**table["properties"], key: {"enum": list(card.variants)}},
                "required": [key],
            }
            definitions[f"{name}-variant"] = {**variant, "title": f"{name} by another name"}
            options.append({"$ref": f"#/$defs/{name}-variant"})
    bare = [{"enum": words, "description": f"Short for a table with this `{key}`."}] if short and words else []
    return {"anyOf": [*bare, *options]}


def _recipes(properties: Schema, definitions: Definitions) -> None:
    of_recipe = definitions.of(Recipe)
    recipe = definitions[of_recipe]
    recipe.pop("required", None)
    for kind in ("optimiser", "schedule"):
        written = recipe["properties"][kind]
        kept = {key: written[key] for key in ("description", "default", "title") if key in written}
        recipe["properties"][kind] = kept | _named(kind, "name", definitions)
    tables = [definitions.of(card.config) for kind in ("optimiser", "schedule") for card in _cards(kind)]
    augment = definitions.of(Augment)
    for name in (augment, *tables):  # a recipe that extends another may change one key of a table
        definitions[name].pop("required", None)
    for name in (of_recipe, augment, *tables):
        allow_each(definitions[name], but=("name",))
    recipe["properties"]["extends"] = _preset("A preset, or another recipe of this study, beneath this one.", presets())
    properties["recipes"] = table_of(
        {"anyOf": [{"type": "string", "examples": sorted(presets())}, {"$ref": f"#/$defs/{of_recipe}"}]}, least=1
    )
    space = {"$ref": f"#/$defs/{definitions.of(Space)}"}
    short = {"enum": ["raw", "standardised", "zca"]}
    for table in definitions.values():
        if "space" in table.get("properties", {}):
            described = table["properties"]["space"].get("description", "")
            table["properties"]["space"] = {"anyOf": [short, space], "description": described}


def _preset(description: str, known: Mapping[str, Any]) -> Schema:
    return {"type": "string", "description": description, "examples": sorted(known)}


def _distilled(properties: Schema, definitions: Definitions) -> None:
    made = _named("distiller", "method", definitions, short=False)
    names = {"type": "string", "examples": sorted(set_presets())}
    extends = {"type": "object", "required": ["extends"], "properties": {"extends": names}}
    properties["distilled"] = table_of(
        {
            "anyOf": [
                names,
                *made["anyOf"],
                {"$ref": f"#/$defs/{definitions.of(LoadedSet)}"},
                _other_set(definitions),
                extends,
            ]
        },
        least=0,
    )


def _other_set(definitions: Definitions) -> Schema:
    name = definitions.of(OtherSet)
    definitions[name]["properties"]["dataset"] = _named("dataset", "name", definitions)
    return {"$ref": f"#/$defs/{name}"}


def _networks(properties: Schema, definitions: Definitions) -> None:
    name, like = definitions.of(Stage), definitions.of(Like)
    stage = definitions[name]
    for table in (stage, definitions[definitions.of(PrunedFirst)]):
        table["properties"]["criterion"] = _named("criterion", "name", definitions)
    stage["properties"]["extends"] = _preset("A preset beneath this stage.", stage_presets())
    allow_each(stage, but=("extends",))
    allow_each(definitions[like])
    stages = {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}
    changed = {
        "type": "object",
        "description": "Stages of the same network in a file that this one extends, by number from 0.",
        "patternProperties": {r"^\d+$": {"$ref": f"#/$defs/{name}"}},
        "additionalProperties": False,
        "minProperties": 1,
    }
    properties["networks"] = table_of({"anyOf": [stages, {"$ref": f"#/$defs/{like}"}, changed]}, least=1)


def _permutations(properties: Schema, definitions: Definitions) -> None:
    """Ways to align networks; where there are several, by `each`, all keys are those of some."""
    options = _named("matcher", "method", definitions, short=False)["anyOf"]
    tables = [definitions.of(card.config) for card in _cards("matcher")]
    for name in (*tables, *inside(tables, definitions)):
        allow_each(definitions[name], but=("method",))
    several = {"required": ["each"], "properties": {"each": {"type": "array", "minItems": 1}}}
    options.append({"type": "object", "required": ["method"], "properties": {"method": {"type": "object", **several}}})
    properties["permutations"] = table_of({"anyOf": options}, least=0)


def _measures(properties: Schema, definitions: Definitions) -> None:
    """A measure whose own name is a kind needs none."""
    measures: Schema = {}
    others: list[Schema] = []
    for card in _cards("measure"):
        name = definitions.of(card.config)
        table = definitions[name]
        table["properties"]["kind"] = _named_by(card)
        measures[card.name] = {
            "if": {"anyOf": [{"required": ["kind"]}, {"required": ["extends"]}, {"type": "string"}]},
            "then": {"$ref": "#/$defs/any-measure"},
            "else": {"$ref": f"#/$defs/{name}"},
        }
        others.append({"allOf": [{"$ref": f"#/$defs/{name}"}, {"required": ["kind"]}]})
    preset = _preset("A preset, or another measure of this study, beneath this one.", measure_presets())
    extends = {"type": "object", "required": ["extends"], "properties": {"extends": preset}}
    definitions["any-measure"] = {"anyOf": [*others, extends, preset]}
    properties["measures"] = {**table_of({"$ref": "#/$defs/any-measure"}, least=0), "properties": measures}
    pattern = properties["measures"].pop("patternProperties")
    names = "|".join(measures)
    properties["measures"]["patternProperties"] = {f"^(?!(?:{names})$){NAME[1:]}": value for value in pattern.values()}
