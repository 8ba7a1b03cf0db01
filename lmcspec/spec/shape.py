"""Walking the models of a spec along a place in it: which table is meant, which keys it has, what a value may be."""

from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Discriminator, Tag
from pydantic.fields import FieldInfo

from lmcspec.base.steps import Step
from lmcspec.base.word_lists import joined
from lmcspec.spec.paths import Path
from lmcspec.spec.phrases import BOOLEAN, INTEGER, NUMBER, STEP, STRING, TABLE


@dataclass(slots=True)
class Place:
    """Where a location of pydantic's leads: the path in the spec, and the annotation of what stands there."""

    path: Path = ()
    annotation: Any = None
    outer: Any = None
    """The whole union, where the annotation is one member of it."""
    loose: bool = False
    """A union that is not told apart by a key: pydantic reports every member of it."""
    of_key: bool = False
    """It is the key that is wrong, not the value."""
    models: list[type[BaseModel]] = field(default_factory=list)


def follow(model: type[BaseModel], location: tuple[str | int, ...]) -> Place:
    """The place of a location, whose tags of union members are no part of the path."""
    place = Place(annotation=model)
    for part in location:
        if part == "[key]":
            place.of_key = True
        else:
            _step(place, part)
    return place


def _step(place: Place, part: str | int) -> None:
    if place.loose:
        return
    members, tagged = union_members(place.annotation)
    if len(members) > 1:
        place.outer = place.outer if place.outer is not None else place.annotation
        if tagged:
            place.annotation = next((member for tag, member in members if tag == part), None)
            return
        place.loose = True
        return
    inner = members[0][1]
    place.outer = None
    if is_model(inner):
        place.models.append(inner)
        known = inner.model_fields.get(str(part))
        place.annotation = annotation_of(known) if known else None
    elif get_origin(inner) is dict:
        place.annotation = get_args(inner)[1]
    elif get_origin(inner) in (tuple, list):
        place.annotation = get_args(inner)[0]
    else:
        place.annotation = None
    place.path = (*place.path, part)


def chosen(annotation: Any, data: Any) -> Any:
    """The member of a union that the data say they are; the annotation itself where there is no choice."""
    members, _ = union_members(annotation)
    if len(members) == 1:
        return members[0][1]
    named = {data.get(key) for key in ("name", "method", "kind")} if isinstance(data, dict) else set()
    for tag, member in members:
        if tag in named or (tag in ("load", "dataset") and isinstance(data, dict) and tag in data):
            return bare(member)
        if tag == "stages" and isinstance(data, list):
            return bare(member)
        if tag == "like" and isinstance(data, dict):
            return bare(member)
    return None


def _inside(data: Any, part: str | int) -> Any:
    try:
        return data[part]
    except (KeyError, IndexError, TypeError):
        return None


def union_members(annotation: Any) -> tuple[list[tuple[str, Any]], bool]:
    """(tag, member) of each member of a union but None, and whether a key tells them apart.

    An annotation that is no union is its own single member.
    """
    inner, metadata = annotation, []
    while get_origin(inner) is Annotated:
        inner, *more = get_args(inner)
        metadata += more
    if get_origin(inner) not in (Union, UnionType) or _is_step(metadata):
        return [("", bare(annotation))], False
    members = [member for member in get_args(inner) if member is not NoneType]
    if len(members) == 1:
        return union_members(members[0])
    named = next((entry for entry in metadata if getattr(entry, "discriminator", None)), None)
    by_key = getattr(named, "discriminator", None)
    if isinstance(by_key, Discriminator):
        by_key = by_key.discriminator
    tagged = any(isinstance(entry, Discriminator) for entry in metadata) or by_key is not None
    return [(_tag(member, by_key), member) for member in members], tagged


def _tag(member: Any, by_key: Any) -> str:
    for entry in getattr(member, "__metadata__", ()):
        if isinstance(entry, Tag):
            return entry.tag
    if isinstance(by_key, str) and is_model(bare(member)):
        return get_args(bare(member).model_fields[by_key].annotation)[0]
    return ""


def bare(annotation: Any) -> Any:
    """An annotation without what is annotated to it, except for steps, which their validators make."""
    while get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        if _is_step(metadata):
            return Step
        annotation = inner
    return annotation


def _is_step(metadata: list[Any]) -> bool:
    return any(
        getattr(getattr(entry, "func", None), "__module__", "").startswith(_STEPS)
        for entry in metadata
        if type(entry).__name__ == "PlainValidator"
    )


_STEPS = ("lmcspec.base.steps", "lmcspec.catalog.config")


def is_model(annotation: Any) -> bool:
    """Whether it is one of the spec's tables."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def annotation_of(field: FieldInfo) -> Any:
    """A field's annotation with its metadata, which pydantic splits off."""
    metadata = list(field.metadata)
    if field.discriminator is not None and not any(isinstance(entry, Discriminator) for entry in metadata):
        metadata.append(field)
    return Annotated[(field.annotation, *metadata)] if metadata else field.annotation


def keys(annotation: Any, data: Any = None) -> list[str]:
    """The keys that the table takes; none where it is no table of fixed keys."""
    inner = chosen(annotation, data)
    return list(inner.model_fields) if is_model(inner) else []


def choices(annotation: Any) -> list[str]:
    """The words that may stand here."""
    words: list[str] = []
    for _, member in union_members(annotation)[0]:
        inner = bare(member)
        if get_origin(inner) is Literal:
            words += [word for word in get_args(inner) if isinstance(word, str)]
        elif inner is not member or get_origin(inner) in (Union, UnionType):
            words += choices(inner) if get_origin(inner) in (Union, UnionType) else []
    return words


_ALSO = {"_step_or_rewind": ['"rewind"'], "_step_or_end": ['"rewind"', '"end"']}
"""What else may stand where a step does, by the functions that read them."""
_FEW = 6
"""Short forms up to this number are listed."""


def _makers(annotation: Any) -> set[str]:
    """The names of the functions that make a value of what is written."""
    names: set[str] = set()
    while get_origin(annotation) in (Annotated, Union, UnionType):
        if get_origin(annotation) is Annotated:
            annotation, *metadata = get_args(annotation)
            names |= {getattr(getattr(entry, "func", None), "__name__", "") for entry in metadata}
        else:
            members = [member for member in get_args(annotation) if member is not NoneType]
            if len(members) != 1:
                break
            annotation = members[0]
    return names


def _also(annotation: Any) -> list[str]:
    return [word for maker in sorted(_makers(annotation)) for word in _ALSO.get(maker, ())]


def _is_nothing(annotation: Any) -> bool:
    """Whether it fills up a union of too few members."""
    return is_model(annotation) and not annotation.model_fields


def _short_forms(annotation: Any) -> list[str]:
    """What a bare string stands for in place of the table: its name, and which there are if they are few."""
    makers = _makers(annotation)
    members = [bare(member) for _, member in union_members(annotation)[0]]
    if not all(is_model(member) and "name" in member.model_fields for member in members if not _is_nothing(member)):
        return []
    if "spell_out" in makers:
        return ["a name"]
    if "named" not in makers:
        return []
    names = [word for member in members for word in choices(member.model_fields["name"].annotation)]
    return [f'"{name}"' for name in names] if len(names) <= _FEW else ["a name"]


_TABLES = {"Like": "a table with `like`", "AtSparsity": "{ sparsity = … }"}
_ITEMS = {"Stage": "stages"}
"""Tables that have words of their own, by their classes."""
_PLAIN = {int: INTEGER, float: NUMBER, str: STRING, bool: BOOLEAN}


def expected(annotation: Any) -> str:
    """What may stand here, in words."""
    words = _short_forms(annotation)
    for _, member in union_members(annotation)[0]:
        for word in _expected_of_one(bare(member)):
            if word not in words:
                words.append(word)
    return joined([*words, *_also(annotation)], "or")


def _expected_of_one(inner: Any) -> list[str]:
    if inner is Step:
        return [STEP]
    if inner in _PLAIN:
        return [_PLAIN[inner]]
    if get_origin(inner) is Literal:
        return [f'"{word}"' if isinstance(word, str) else str(word) for word in get_args(inner)]
    if get_origin(inner) in (tuple, list):
        return [f"a list of {plural(get_args(inner)[0])}"]
    if get_origin(inner) is dict or is_model(inner):
        return [_TABLES.get(getattr(inner, "__name__", ""), TABLE)]
    return []


def plural(annotation: Any) -> str:
    """What a list may hold, in words."""
    inner = bare(annotation)
    if also := _also(annotation):
        return joined(["steps", *also], "or")
    simple = {int: "integers", float: "numbers", str: "strings", Step: "steps"}
    if inner in simple:
        return simple[inner]
    if is_model(inner):
        return _ITEMS.get(inner.__name__, "tables")
    return f"values, each {words}" if (words := expected(annotation)) else "values"
