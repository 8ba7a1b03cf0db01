"""Files that are kept until they are used: dropped as soon as everything that reads them is in the store."""

from contextlib import suppress

from lmcspec.base.errors import StoreError
from lmcspec.engine.events import Event, Finished, RunEnded
from lmcspec.plan.graph import Plan
from lmcspec.plan.needs import readers
from lmcspec.store import Driver, Store


class Retention:
    """Listens to a run and drops what is used up; the numbers of a result always stay.

    Nothing is dropped while another driver is at work in the store, for it may count on these files. What a driver
    leaves behind that way, or because it was killed, goes at the end of the next run. Wanted again later, by a further
    copy or measure, such a result is made again.
    """

    def __init__(self, plan: Plan, store: Store, driver: Driver) -> None:
        self._plan, self._store, self._driver = plan, store, driver
        self._readers = readers(
            ((identifier, [source for _, source in task.inputs]) for identifier, task in plan.tasks.items()),
            {identifier for identifier, task in plan.tasks.items() if task.keep == "until-used"},
        )
        stored = store.present(reader for readers in self._readers.values() for reader in readers)
        self._waiting = {source: readers - stored for source, readers in self._readers.items()}

    def on_event(self, event: Event) -> None:
        """Take an event in."""
        if isinstance(event, Finished):
            used = [source for done in (event.task.id, *event.byproducts) for source in self._use(done)]
            self._drop(used)
        elif isinstance(event, RunEnded):
            stored = self._store.present(reader for readers in self._readers.values() for reader in readers)
            used = [source for source, readers in self._readers.items() if readers <= stored]
            there = self._store.present(used)
            self._drop([source for source in used if source in there - self._store.dropped(there)])

    def _use(self, reader: str) -> list[str]:
        """The tasks whose outputs this reader was the last to need."""
        used = []
        for _, source in self._plan.tasks[reader].inputs:
            waiting = self._waiting.get(source)
            if waiting is not None:
                waiting.discard(reader)
                if not waiting:
                    del self._waiting[source]
                    used.append(source)
        return used

    def _drop(self, used: list[str]) -> None:
        if used:
            with self._driver.alone() as alone:
                for source in used if alone else ():
                    with suppress(StoreError, OSError):
                        self._store.drop_outputs(source)
