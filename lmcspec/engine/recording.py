"""The plans of a run, recorded as the last ones of their studies however full the disk is when it begins."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from lmcspec.base.errors import StoreError
from lmcspec.engine.events import Event, Finished
from lmcspec.store import Store, record_plan

EVERY = 600.0
"""Seconds between two tries while the run goes on."""


class Recording:
    """What can't be recorded at first is tried again as tasks end: the store keeps nothing for a plan that it lacks."""

    def __init__(self, store: Store, documents: Mapping[str, dict[str, Any]]) -> None:
        self._store, self._left = store, dict(documents)
        self._due = 0.0
        self.record()

    @property
    def left(self) -> tuple[str, ...]:
        """The studies whose plans are not recorded."""
        return tuple(self._left)

    def record(self) -> None:
        """Record what is left, as far as that can be."""
        self._left = {
            study: document for study, document in self._left.items() if not record_plan(self._store, study, document)
        }
        self._due = time.monotonic() + EVERY

    def on_event(self, event: Event) -> None:
        """Try again now and then."""
        if self._left and isinstance(event, Finished) and time.monotonic() >= self._due:
            self.record()


def unrecorded(store: Store, studies: Iterable[str]) -> StoreError:
    """What to say of studies whose plans could not be recorded."""
    return StoreError(
        f"the plan of {', '.join(studies)} could not be recorded in {store.root / 'studies'}: its results are there, "
        "and `lmcspec gc` would delete them",
        help="free some space on that disk, or make the folder writable, and run the same command again before any "
        "`lmcspec gc`: nothing is computed twice",
    )
