"""Files that are kept until they are used: dropped as soon as everything that reads them is in the store."""

from contextlib import suppress

from lmcspec.base.errors import StoreError
from lmcspec.engine.events import Event, Finished
from lmcspec.plan.graph import Plan
from lmcspec.store import Store


class Retention:
    """Listens to a run and drops what is used up; the numbers of a result always stay.

    Wanted again later, by a further copy or measure, such a result is made again.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        self._plan, self._store = plan, store
        readers: dict[str, set[str]] = {}
        for identifier, task in plan.tasks.items():
            for _, source in task.inputs:
                if plan.tasks[source].keep == "until-used":
                    readers.setdefault(source, set()).add(identifier)
        stored = store.present(reader for own in readers.values() for reader in own)
        self._waiting = {source: own - stored for source, own in readers.items()}

    def hear(self, event: Event) -> None:
        """Take an event in."""
        if isinstance(event, Finished):
            for done in (event.task.id, *event.byproducts):
                self._used(done)

    def _used(self, reader: str) -> None:
        for _, source in self._plan.tasks[reader].inputs:
            waiting = self._waiting.get(source)
            if waiting is not None:
                waiting.discard(reader)
                if not waiting:
                    del self._waiting[source]
                    # A by-product of a study that runs beside this one may be away already.
                    with suppress(StoreError):
                        self._store.drop_outputs(source)
