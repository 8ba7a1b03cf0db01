"""The tables of the JSON Schema: one for each model, with what its fields say, found by class or by name."""

import logging
from typing import NamedTuple

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import ModelSchema, TaggedUnionSchema

from lmcspec.catalog import Config
from lmcspec.spec.schema_words import Schema, say
from lmcspec.spec.study_model import __name__ as MADE
from lmcspec.spec.study_model import study_model

_CLASS = "its class"
_log = logging.getLogger(__name__)


class Told(NamedTuple):
    """How a table of a union is told from the others."""

    key: str
    names: tuple[str, ...] = ()
    """What the key says where the table needs all that it needs; without any the key is in no other table."""


class Definitions(dict[str, Schema]):
    """The schemas of models, by names that say nothing where two classes have one name: `of` finds them by class.

    None of them asks for a key: `required` has what each of them needs in a spec that stands for itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[type, str] = {}
        self.required: dict[str, list[str]] = {}
        self.told: dict[str, Told] = {}

    def of(self, model: type) -> str:
        """The name of a class's definition, or of that which the study's model makes of it."""
        made = (name for cls, name in self.names.items() if cls.__module__ == MADE and model in cls.__bases__)
        return self.names.get(model) or next(made)

    def tell_undescribed(self) -> None:
        """Say of which keys nobody has written what they mean, as packages that bring cards may leave it."""
        for model, name in self.names.items():
            if not name:  # the study itself
                continue
            written = model.__bases__[0] if model.__module__ == MADE else model
            for key, field in self[name].get("properties", {}).items():
                if "description" not in field:
                    field["description"] = f"Nothing is written under `{key}` of {written.__qualname__}."
                    place = f"{written.__module__}:{written.__qualname__}"
                    _log.warning("`%s` of %s has no description: write a string under it", key, place)

    def table(self, model: type) -> Schema:
        """The definition of a class."""
        return self[self.of(model)]

    def ref(self, model: type) -> Schema:
        """What refers to the definition of a class."""
        return {"$ref": f"#/$defs/{self.of(model)}"}


def of_models() -> tuple[Schema, Definitions]:
    """The schema of the study's own model, and those of all models in it; plug-ins' cards included."""
    classes: list[type[Config]] = []

    class OfClasses(GenerateJsonSchema):
        """Notes of each definition of which class it is."""

        def model_schema(self, schema: ModelSchema) -> Schema:
            written = super().model_schema(schema)
            classes.append(schema["cls"])
            return {**written, _CLASS: len(classes) - 1}

        def tagged_union_schema(self, schema: TaggedUnionSchema) -> Schema:
            """As any other union: of a `oneOf` editors show nothing that is said beside it."""
            written = super().tagged_union_schema(schema)
            return {"anyOf" if key == "oneOf" else key: value for key, value in written.items()}

    document = study_model(plugged=True).model_json_schema(schema_generator=OfClasses)
    definitions = Definitions()
    for name, table in (("", document), *document.pop("$defs").items()):
        if _CLASS in table:
            model = classes[table.pop(_CLASS)]
            say(table, model)
            definitions.names[model] = name
        definitions.required[name] = table.pop("required", [])
        definitions[name] = table
    return definitions.pop(""), definitions
