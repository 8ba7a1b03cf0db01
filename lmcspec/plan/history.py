"""What a store knows of the past: how an attempt ended, what similar tasks there were, how long work took."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from lmcspec.base.errors import StoreError
from lmcspec.store import DamagedError, Index, Rate, Store, failures, interrupted, verify

LOOKED_AT = 100
"""How many of the latest tasks of a kind are compared to find the one whose recipe differs least."""


class StoreHistory:
    """Answers reasons and costs from a store; nothing is written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rates: dict[tuple[str, str], Rate | None] = {}

    @cached_property
    def _index(self) -> Index:
        return Index(self._store)

    def state(self, task_id: str) -> str:
        """`absent`, `stored`, `dropped`, `missing`, `corrupt`, `failed` or `interrupted`."""
        try:
            stored = self._store.read(task_id)
        except DamagedError:
            return "corrupt"
        if stored is not None:
            damage = [one for one in verify(self._store, [task_id], full=False) if one.part == "result"]
            if damage:
                return damage[0].problem
            return "stored" if stored.has_outputs else "dropped"
        if failures(self._store, task_id):
            return "failed"
        return "interrupted" if interrupted(self._store, task_id) else "absent"

    def similar(self, kind: str, document: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The stored {task, parts} of that kind with the same seeds whose recipe differs least, or None."""
        best, fewest = None, None
        for row in self._index.rows(kind)[-LOOKED_AT:]:
            try:
                stored = self._store.find(row.id)
                task = {} if stored is None else stored.task
            except (StoreError, OSError, ValueError):
                continue
            if task.get("seeds") != document["seeds"]:
                continue
            distance = sum(
                own.get(name) != wanted.get(name)
                for own, wanted in ((task.get(part, {}), document[part]) for part in ("params", "inputs"))
                for name in set(own) | set(wanted)
            )
            if fewest is None or distance < fewest:
                best, fewest = task, distance
        return None if best is None else {"task": best, "parts": best.get("parts", {})}

    def rates(self, kind: str, model: str) -> Rate | None:
        """Seconds per unit of tasks of this kind with this model."""
        key = (kind, model)
        if key not in self._rates:
            self._rates[key] = self._index.rates(kind, model)
        return self._rates[key]
