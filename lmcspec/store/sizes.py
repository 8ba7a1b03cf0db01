"""How many bytes results take, by the index: nothing of them is read that it knows."""

from collections.abc import Iterable

from lmcspec.store.index import Index
from lmcspec.store.store import Store


def sizes(store: Store, identifiers: Iterable[str]) -> dict[str, int]:
    """The bytes of each of these that is committed: its outputs, unless they were dropped, and what stays without."""
    there = store.present(identifiers)
    dropped = store.dropped(there)
    with Index(store) as index:
        if new := there - index.ids():
            index.add(new)
        entries = [entry for entry in index.entries() if entry.id in there]
    return {entry.id: entry.beside + (0 if entry.id in dropped else entry.bytes) for entry in entries}
