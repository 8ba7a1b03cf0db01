"""Parameters of tasks as plain documents: what enters an id, and what travels to a worker.

A *part* is a piece that many tasks share: a recipe, a model, a data set. In a document it stands as the digest
of its canonical bytes, so that ids are cheap and a plan holds it once.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from typing import Any, TypeVar, get_args

from lmcspec.base.ids import digest

ADDED_LATER = {"added_later": True}
"""Metadata of a field that came with a later version: left out of ids while it has its default, the old behaviour."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A shared piece of plain data and its digest."""

    value: Mapping[str, Any]
    digest: str

    @staticmethod
    def of(value: Mapping[str, Any]) -> "Part":
        """The part that holds this value."""
        return Part(value, digest(value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Part) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


Params = TypeVar("Params")


@cache
def _layout(params: type) -> tuple[tuple[str, bool, Any], ...]:
    return tuple((entry.name, "added_later" in entry.metadata, _default(entry)) for entry in fields(params))


def _default(entry: "Field[Any]") -> Any:
    return entry.default if entry.default_factory is MISSING else entry.default_factory()


def encode(params: Any) -> dict[str, Any]:
    """The document of a task's parameters: parts by digest, later additions left out at their default."""
    document = {}
    for name, added_later, default in _layout(type(params)):
        value = getattr(params, name)
        if added_later and value == default:
            continue
        document[name] = value.digest if isinstance(value, Part) else value
    return document


def decode(params: type[Params], document: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]]) -> Params:
    """The parameters that `encode` made the document of; `parts` maps digests to values."""
    values = {}
    for entry in fields(params):  # pyright: ignore[reportArgumentType]
        if entry.name not in document:
            continue
        value = document[entry.name]
        if value is not None and Part in (entry.type, *get_args(entry.type)):
            value = Part(parts[value], value)
        elif isinstance(value, list):
            value = tuple(value)
        values[entry.name] = value
    return params(**values)


def parts_of(params: Any) -> tuple[Part, ...]:
    """The parts that the parameters refer to."""
    return tuple(value for name, _, _ in _layout(type(params)) if isinstance(value := getattr(params, name), Part))
