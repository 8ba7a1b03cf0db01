"""What a card of another package lacks, told as it is read: no run is begun with half a card.

Its fields are held against their types, its settings against what specs ask of its kind, and what implements it by its
text, so that nothing heavy is imported. Where a text doesn't tell (names that are imported, classes with bases), the
card is taken at its word.
"""

import re
from dataclasses import fields
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

import lmcspec.catalog.card as cards
from lmcspec.catalog.config import Several, StepField, StepOrEnd
from lmcspec.catalog.in_updates import InUpdates
from lmcspec.catalog.levels import Levels, Names
from lmcspec.catalog.outline import lacks
from lmcspec.catalog.schedule import Falling, Schedule

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,119}")
_PLACE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")

_SPLIT, _POLICY = Literal["train", "test", "validation"], Literal["average", "recompute", "repair"]
_MEANT = {
    "networks": Names,
    "levels": Levels,
    "evaluate": str | None,
    "at": Several[StepOrEnd],
    "through": Several[StepField] | StepField | None,  # pyright: ignore[reportOperatorIssue]
    "copies": int,
    "split": Several[_SPLIT] | _SPLIT,
    "bn": Several[_POLICY] | _POLICY,
}
"""Keys of measures that plans and figures understand, whosever measure it is."""


def flaw(card: object) -> str:
    """What is wrong with a card; "" if nothing can be seen to be."""
    if not isinstance(card, cards.Card):
        kind = type(card).__name__
        return f"it is {'an' if kind[0] in 'aeiou' else 'a'} {kind}, no card"
    if card.kind not in cards.KINDS:
        return f"its kind is {card.kind!r}, not one of {', '.join(cards.KINDS)}"
    if card.kind != next(field.default for field in fields(card) if field.name == "kind"):
        return f"the card of the {card.kind} {card.name!r} has to be a {card.kind.capitalize()}Card"
    checks = (_of_fields, _of_names, _of_settings, _of_kind, _of_code)
    flaw = next(filter(None, (check(card) for check in checks)), "")
    return f"the {card.kind} {card.name!r}: {flaw}" if flaw else ""


def _of_fields(card: cards.Card) -> str:
    """A field of another type than its card declares."""
    hints = get_type_hints(type(card))
    for name in (field.name for field in fields(card) if field.name != "config"):
        value = getattr(card, name)
        try:
            TypeAdapter(hints[name]).validate_python(tuple(value) if isinstance(value, list) else value, strict=True)
        except ValidationError as error:
            return f"its {name} is {value!r}: {error.errors()[0]['msg'].lower()}"
    return ""


def _of_names(card: cards.Card) -> str:
    strange = [name for name in (card.name, *card.variants) if not _NAME.fullmatch(name)]
    return f"{strange[0]!r} is no name: letters, digits and _ . + -" if strange else ""


def _of_settings(card: cards.Card) -> str:
    """Settings that no spec could tell, or that don't say whose they are."""
    base = get_args(get_type_hints(type(card))["config"])[0]
    if not isinstance(card.config, type) or not issubclass(card.config, base):
        return f"its config is no class of {base.__module__}.{base.__qualname__}"
    try:
        card.config.model_json_schema()
    except (PydanticUserError, TypeError, NameError) as error:
        return f"its config can't stand in a spec: {str(error).splitlines()[0]}"
    keys = card.config.model_fields
    told = get_args(keys[card.key].annotation) if card.key in keys else ("",)
    if card.key and told and card.name not in told:
        return f'its config has to say {card.key}: Literal["{card.name}"] = "{card.name}"'
    if taken := [
        key for base, key in ((InUpdates, "code"), (Falling, "end")) if key in keys and issubclass(card.config, base)
    ]:
        return f"its config has the setting {taken[0]!r}: in ids, where settings stand, that is another thing"
    for key, meant in _MEANT.items() if isinstance(card, cards.MeasureCard) else ():
        if key in keys and not _values(keys[key].annotation) <= _values(meant):
            return f"its config has {key} in another sense than the measures of lmcspec, by which plans understand it"
    for variant, settings in card.variants.items():
        if strange := sorted(settings.keys() - keys.keys()):
            return f"the variant {variant!r} tells {strange[0]!r}, which is no setting of its config"
    return ""


def _values(annotation: Any) -> set[Any]:
    """What values of a type may be: classes, literal values, and (class, what is in it) of what holds others."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _values(inner[0])
    if origin is Literal:
        return set(inner)
    if origin in (Union, UnionType):
        return set().union(*map(_values, inner))
    if origin is None:
        return {annotation}
    return {(origin, value) for item in inner if item is not ... for value in _values(item)}


def _of_kind(card: cards.Card) -> str:
    """What its kind asks beyond types."""
    keys = card.config.model_fields
    match card:
        case cards.AugmentationCard():
            return "a recipe knows only the augmentations of lmcspec: a package can't bring one"
        case cards.ScheduleCard() if card.config.multiplier is Schedule.multiplier:
            return "its config lacks multiplier(update, length), by which the rate is multiplied"
        case cards.OptimiserCard() if card.moments < 0:
            return f"its moments are {card.moments}: how many numbers its state holds for each weight"
        case cards.DatasetCard() if (card.mean is None) != (card.std is None):
            return "it has one of mean and std without the other"
        case cards.PlotCard() | cards.MeasureCard() | cards.DistillerCard() if card.variants:
            return f"a {card.kind} has no variants: give it a key, or bring another card"
        case cards.MeasureCard() if card.reads and card.reads not in keys:
            return f"it reads the measure that the key {card.reads} names, and its config has no such key"
        case cards.MeasureCard() if card.from_k and "at" not in keys:
            return "it looks at copies that part at the steps k of its key at, and its config has no such key"
        case cards.MeasureCard() if isinstance(card.headline, str) and bool(card.headline) != bool(card.metrics.fixed):
            return "it has one of metrics and headline, the metric by which it is known, without the other"
        case cards.MeasureCard() if (
            isinstance(card.headline, str) and card.headline and not card.metrics.called(card.headline)
        ):
            return f"its headline is {card.headline!r}, which is none of its metrics"
        case cards.CriterionCard() if card.images and not (card.passes and "per_class" in keys):
            return "it looks at images, for which it has to declare passes and its config per_class"
        case cards.CriterionCard() if card.trains and card.rewound:
            return "it scores trained weights, or with trains = False rewound ones: not both"
        case cards.DistillerCard() if lacking := [
            name for name in ("ipc", "seed", "steps", "work") if name not in keys and not hasattr(card.config, name)
        ]:
            return f"its config lacks {', '.join(lacking)}: see lmcspec/catalog/distillers/dm.py"
        case _:
            return ""


def _of_code(card: cards.Card) -> str:
    """Places that are none, or where a module's text shows no such thing or a lesser one."""
    places = [(card.implementation, card.takes, card.methods)]
    if isinstance(card, cards.DatasetCard) and isinstance(card.facts, str):
        places.append((card.facts, card.takes, ()))
    for place, takes, methods in places:
        if not _PLACE.fullmatch(place):
            return f"{place!r} is no place of the form package.module:attribute"
        if lacking := lacks(place, takes, methods):
            return f"{place} {lacking}"
    return ""
