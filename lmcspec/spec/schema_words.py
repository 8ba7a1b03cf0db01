"""What the JSON Schema says of each key beside its shape: what it means, with its unit, and what it is by default."""

from typing import Any

from lmcspec.catalog import Config
from lmcspec.spec.descriptions import Words, described, meaning
from lmcspec.spec.study_model import __name__ as MADE

Schema = dict[str, Any]
UNIT = "x-unit"
"""A unit by itself, for programs; editors show that it stands in the description."""


def say(table: Schema, model: type[Config]) -> None:
    """Write into the table of a model what its fields' strings say, their defaults, and the examples they declare."""
    if whole := meaning(model):
        table["description"] = whole
    words = described(model)
    for key, field in table.get("properties", {}).items():
        for ours in ("title", "neutral", "added_later", "of", "discriminator"):
            field.pop(ours, None)
        _leave_out_nothing(field)
        if key in words:
            field.update(_described(words[key]))
            _describe_items(field)
        if "default" in field:
            field["default"] = _as_written(field["default"])
        if declared := _declared(model, key):
            field["examples"] = declared


def _described(words: Words) -> Schema:
    if not words.unit:
        return {"description": words.meaning}
    return {"description": f"{words.meaning} Unit: {words.unit}.", UNIT: words.unit}


def _describe_items(field: Schema) -> None:
    """Of a list editors may show what is said of its items."""
    said = {key: field[key] for key in ("description", UNIT) if key in field}
    for option in (field, *field.get("anyOf", ())):
        if "items" in option and option["items"].keys().isdisjoint({"$ref", "description"}):
            option["items"].update(said)


def _leave_out_nothing(field: Schema) -> None:
    """A key that may be left out has no null, which TOML has no word for and `load` refuses in YAML."""
    if "default" in field and field["default"] is None:
        del field["default"]
    members = field.get("anyOf", [])
    if {"type": "null"} in members:
        field["anyOf"] = [member for member in members if member != {"type": "null"}]
        if len(field["anyOf"]) == 1:
            field.update(field.pop("anyOf")[0])


def _as_written(value: Any) -> Any:
    """Plain data with steps as a spec has them."""
    match value:
        case {"epochs": int(epochs), "updates": int(updates)}:
            return f"{epochs}ep" if not updates else f"{epochs}ep{updates}it" if epochs else f"{updates}it"
        case dict():
            return {key: _as_written(item) for key, item in value.items() if item is not None}
        case list():
            return [_as_written(item) for item in value]
        case _:
            return value


def _declared(model: type[Config], key: str) -> list[Any]:
    """The examples of a field, where it is declared: the study's model only fills in which cards there are."""
    for config in model.__mro__:
        for name, field in getattr(config, "model_fields", {}).items():
            if key == (field.alias or name) and name in config.__annotations__ and config.__module__ != MADE:
                return [list(example) if isinstance(example, tuple) else example for example in field.examples or ()]
    return []
