"""The store's results, each read once; there are many, so what they have in common is kept once."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from lmcspec.store import Store, Stored

SAME = ("boot", "host", "kind", "machine", "model", "numerics", "reason", "space", "started", "study")
"""Keys of records that say the same of many tasks: where, by what and for whom they were computed."""


class Memory:
    """The store's results, each read once, until its task is done again: a committed one doesn't change."""

    def __init__(self, store: Store) -> None:
        self._store, self._known = store, dict[str, Stored]()
        self._keys, self._parts = dict[str, str](), dict[str, Any]()

    def find(self, identifier: str) -> Stored | None:
        """The committed result of a task, or None."""
        if identifier not in self._known and (stored := self._store.find(identifier)) is not None:
            self._known[identifier] = self._sharing(stored)
        return self._known.get(identifier)

    def forget(self, tasks: Iterable[str]) -> None:
        """Read the results of these tasks anew: they were computed again, for what was there was damaged."""
        for task in tasks:
            self._known.pop(task, None)

    def _sharing(self, stored: Stored) -> Stored:
        """An equal result, of which the keys and what is the SAME are those of the others."""
        keyed = self._keyed(stored.record)
        record = {key: self._parts.setdefault(repr(part), part) if key in SAME else part for key, part in keyed.items()}
        return replace(stored, record=record, result=self._keyed(stored.result))

    def _keyed(self, table: Mapping[str, Any]) -> dict[str, Any]:
        return {
            self._keys.setdefault(key, key): self._keyed(part) if isinstance(part, dict) else part
            for key, part in table.items()
        }
