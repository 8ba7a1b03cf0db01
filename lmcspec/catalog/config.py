"""The base of everything that is written in a spec: strict, frozen, and sure of what enters an id."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    Strict,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.config import JsonDict

from lmcspec.base.steps import Step, parse_step


class Config(BaseModel):
    """Unknown keys are errors, numbers are never made from strings, and values don't change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class Named(Config):
    """The configuration of a card: `name` says which card, the rest are its settings."""

    name: str


NEUTRAL: JsonDict = {"neutral": True}
"""`Field(json_schema_extra=NEUTRAL)`: can't change a result, so it is left out of ids."""

ADDED_LATER: JsonDict = {"added_later": True}
"""`Field(json_schema_extra=ADDED_LATER)`: left out of ids while it has its default, which means the old behaviour.

With `| {"of": "key"}` it is left out as well where the setting `key`, of which it says how, is empty.
"""

Item = TypeVar("Item")
Several = Annotated[tuple[Item, ...], Strict(False)]
"""A list in the spec, a tuple in Python; its items stay strict."""

STEP_PATTERN = r"^(?=.)((0|[1-9]\d*)ep)?((0|[1-9]\d*)it)?$"
_STEP_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": STEP_PATTERN},
    ],
    "description": 'A point in training: epochs as 3 or "3ep", updates as "500it", both as "2ep40it".',
    "examples": ["3ep", "500it", "2ep40it"],
}

COUNTED = {"counted": True}
"""The context in which the steps of a document are read: those in updates, as they stand in ids."""


def _step(value: Any, info: ValidationInfo) -> Step:
    return Step(updates=value) if info.context is COUNTED and isinstance(value, int) else parse_step(value)


StepField = Annotated[Step, PlainValidator(_step), PlainSerializer(str, return_type=str), WithJsonSchema(_STEP_SCHEMA)]
"""A point in training. [a step such as "3ep" or "500it"]"""


def _length(step: Step) -> Step:
    if step == Step():
        raise ValueError('there has to be an update at least: say "1it", or "1ep" for all images once')
    return step


Length = Annotated[StepField, AfterValidator(_length)]
"""How long something goes on: a step that is not the first. [a step such as "3ep" or "500it"]"""


def _step_or_rewind(value: Any, info: ValidationInfo) -> Step | str:
    if value == "rewind":
        return "rewind"
    try:
        return _step(value, info)
    except ValueError as error:
        raise ValueError(f'{error}, the network\'s own point as "rewind"') from None


StepOrRewind = Annotated[
    Step | Literal["rewind"],
    PlainValidator(_step_or_rewind),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"anyOf": [*_STEP_SCHEMA["anyOf"], {"const": "rewind"}], "examples": ["rewind", "3ep", "500it"]}),
]
"""A step, or the point to which the network itself rewinds. [a step such as "3ep" or "500it", or "rewind"]"""


def _step_or_end(value: Any, info: ValidationInfo) -> Step | str:
    if value in ("rewind", "end"):
        return value
    try:
        return _step(value, info)
    except ValueError as error:
        raise ValueError(f'{error}, the network\'s own point as "rewind", the end of training as "end"') from None


StepOrEnd = Annotated[
    Step | Literal["rewind", "end"],
    PlainValidator(_step_or_end),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {"anyOf": [*_STEP_SCHEMA["anyOf"], {"enum": ["rewind", "end"]}], "examples": ["end", "3ep", "rewind"]}
    ),
]
"""As `StepOrRewind`, or the end of training. [a step such as "3ep" or "500it", or "rewind" or "end"]"""


def identity(config: Config) -> dict[str, Any]:
    """What of a configuration enters an id: every field but the neutral ones and later additions at their default."""
    kept = {}
    for name, field in type(config).model_fields.items():
        marks = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        value = getattr(config, name)
        default = field.get_default(call_default_factory=True, validated_data={})
        of_nothing = "of" in marks and not getattr(config, str(marks["of"]))
        if marks.get("neutral") or of_nothing or (marks.get("added_later") and value == default):
            continue
        kept[name] = _plain(value)
    return kept


def _plain(value: Any) -> Any:
    match value:
        case Config():
            return identity(value)
        case Step():
            return str(value)
        case tuple() | list():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case _:
            return value
