"""A store in a few lines: which results it has, to compare two stores by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lmcspec.store import Store


@dataclass(frozen=True, slots=True)
class Difference:
    """How two manifests differ, by id."""

    missing: tuple[str, ...]
    """In the second only."""
    extra: tuple[str, ...]
    """In the first only."""
    differing: tuple[str, ...]
    """In both, with results that are not bitwise equal."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.differing)


def manifest(store: Store, identifiers: Iterable[str] | None = None) -> dict[str, str]:
    """id -> digest of the result, in order of id; of all objects, or the committed ones of those given."""
    wanted = sorted(store.ids() if identifiers is None else identifiers)
    return {identifier: stored.digest for identifier in wanted if (stored := store.find(identifier)) is not None}


def compare(first: Mapping[str, str], second: Mapping[str, str]) -> Difference:
    """What one manifest has that another doesn't, and where the two disagree."""
    return Difference(
        tuple(sorted(second.keys() - first.keys())),
        tuple(sorted(first.keys() - second.keys())),
        tuple(
            sorted(identifier for identifier in first.keys() & second.keys() if first[identifier] != second[identifier])
        ),
    )
