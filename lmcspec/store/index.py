"""A table of all objects for questions over many of them. A cache: COMMIT decides, and this can be made from it."""

import contextlib
import hashlib
import logging
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

from lmcspec.base import beneath
from lmcspec.base.beneath import ForeignError
from lmcspec.base.databases import UNREADABLE, is_damage
from lmcspec.base.errors import StoreError
from lmcspec.store import layout
from lmcspec.store.filesystems import filesystem, is_network
from lmcspec.store.index_table import (
    COLUMNS,
    Entry,
    as_entry,
    as_number,
    as_text,
    connect,
    delete,
    entry_of,
    insert,
    is_locked,
)
from lmcspec.store.store import Store

_LATEST = 200
_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")


class Rate(NamedTuple):
    """Seconds per unit over past objects: the median, the range of the middle 80 %, and how many there were."""

    median: float
    low: float
    high: float
    n: int


def index_path(store: Store, kind_of: Callable[[Path], str] = filesystem) -> Path:
    """The file of a store's index: in the store, or, if that is on a network disk, in the user's own state folder."""
    if not is_network(kind_of(store.root)):
        return store.root / layout.INDEX
    import platformdirs

    # Copies of a store have its id, and each has an index of its own: what is in one need not be in the other.
    place = hashlib.sha256(os.path.realpath(store.root).encode(errors="surrogateescape")).hexdigest()[:12]
    return Path(platformdirs.user_state_dir("lmcspec")) / "indexes" / f"{store.id}-{place}.sqlite"


class Index:
    """The index of a store; close it, or use it in a `with`. Problems with its file never stop a run."""

    def __init__(self, store: Store, kind_of: Callable[[Path], str] = filesystem) -> None:
        self.store = store
        self.path = index_path(store, kind_of)
        self._local = not is_network(kind_of(self.path))
        self._root = self.path.parent
        """The store's own, or a folder of the user's."""
        self._connection = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def add(self, identifiers: Iterable[str]) -> int:
        """Enter the committed ones of these objects, or bring them up to date; how many."""
        entries = list(filter(None, map(self._entry, identifiers)))
        return self._do(lambda connection: insert(connection, entries), 0)

    def forget(self, identifiers: Iterable[str]) -> None:
        """Take objects out that are no longer there."""
        self._do(lambda connection: delete(connection, identifiers), None)

    def bring_up_to_date(self, there: Collection[str]) -> None:
        """Have exactly the objects that are `there` in it, whatever ended between a change of theirs and the index."""
        known = self.ids()
        if gone := known.difference(there):
            self.forget(gone)
        if new := [identifier for identifier in there if identifier not in known]:
            self.add(new)

    def ids(self) -> set[str]:
        """The ids of all objects in the index."""
        return self._do(
            lambda connection: {as_text(identifier) for (identifier,) in connection.execute("SELECT id FROM objects")},
            set(),
        )

    def entries(self, kind: str | None = None) -> list[Entry]:
        """The entries, or those of one kind, the oldest first."""
        where, values = ("WHERE kind = ?", (kind,)) if kind is not None else ("", ())
        query = f"SELECT {COLUMNS} FROM objects {where} ORDER BY committed, id"
        return self._do(lambda connection: [as_entry(row) for row in connection.execute(query, values)], [])

    def devices(self) -> list[str]:
        """What the devices call themselves on which objects were made: GPUs by their names, and `cpu`."""
        query = "SELECT DISTINCT device FROM objects ORDER BY device"
        return self._do(lambda connection: [as_text(device) for (device,) in connection.execute(query)], [])

    def seconds(self, kind: str, model: str = "", devices: Collection[str] | None = None) -> list[float]:
        """Seconds per unit of the latest objects of this kind and model, the newest first, at most 200.

        With `devices` of those that ran on one that calls itself so.
        """
        on = "" if devices is None else f"AND device IN ({', '.join('?' * len(devices))}) "
        query = (
            "SELECT seconds / units FROM objects WHERE kind = ? AND model = ? AND seconds IS NOT NULL AND units > 0 "
            f"{on}ORDER BY committed DESC, id LIMIT {_LATEST}"
        )
        values = (kind, model, *(devices or ()))
        return self._do(
            lambda connection: [as_number(duration) for (duration,) in connection.execute(query, values)], []
        )

    def peaks(self, kind: str, model: str = "") -> tuple[int | None, int | None]:
        """Bytes of host and GPU that objects of this kind and model took at most; None where that is not known."""
        query = "SELECT max(host_peak), max(device_peak) FROM objects WHERE kind = ? AND model = ?"

        def most(connection: sqlite3.Connection) -> tuple[int | None, int | None]:
            host, device = connection.execute(query, (kind, model)).fetchone()
            return (None if host is None else int(as_number(host)), None if device is None else int(as_number(device)))

        return self._do(most, (None, None))

    def rates(self, kind: str, model: str = "", devices: Collection[str] | None = None) -> Rate | None:
        """What a unit of work of this kind took so far, on such devices; None if none was done."""
        values = sorted(self.seconds(kind, model, devices))
        if not values:
            return None
        return Rate(_quantile(values, 0.5), _quantile(values, 0.1), _quantile(values, 0.9), len(values))

    def _entry(self, identifier: str) -> Entry | None:
        try:
            stored = self.store.read(identifier)
            return entry_of(stored) if stored else None
        except (OSError, StoreError, ValueError, TypeError, AttributeError) as error:
            _log.warning("object %s is left out of the index: %s", identifier, error)
            return None

    def _do(self, work: Callable[[sqlite3.Connection], _Answer], otherwise: _Answer) -> _Answer:
        try:
            return work(self._connection)
        except UNREADABLE as error:
            # Damaged, deleted under us, locked for long, or on a full disk.
            damaged = is_damage(error)
            _log.log(logging.WARNING if damaged else logging.INFO, "the index %s is opened again: %s", self.path, error)
        self._connection.close()
        if damaged:
            self._remove()
        self._connection = self._open()
        try:
            return work(self._connection)
        except UNREADABLE as error:
            if is_locked(error):
                _log.warning("the index %s can't be used now: %s", self.path, error)
                return otherwise
            _log.warning("the index %s can't be written, one in memory stands in: %s", self.path, error)
        self._connection.close()
        self._connection = self._in_memory()
        return work(self._connection)

    def _open(self) -> sqlite3.Connection:
        try:
            with contextlib.suppress(OSError):
                self._root.mkdir(parents=True, exist_ok=True)
            layout.refuse_foreign_database(self._root, self.path)
            try:
                connection, fresh = connect(self.path, self._local)
            except UNREADABLE as error:
                if not is_damage(error):
                    raise
                _log.warning("the index %s is damaged and is made again: %s", self.path, error)
                self._remove()
                connection, fresh = connect(self.path, self._local)
        except (*UNREADABLE, OSError) as error:
            # A store that can only be read: an index in memory serves as well, for as long as this process lasts.
            level = logging.WARNING if isinstance(error, ForeignError) else logging.INFO
            _log.log(level, "the index %s can't be written, one in memory stands in: %s", self.path, error)
            return self._in_memory()
        if fresh:
            try:
                self._fill(connection)
            except BaseException as error:
                connection.close()
                # Whoever opens it next must not take it for a full one.
                self._remove()
                if not isinstance(error, UNREADABLE):
                    raise
                _log.warning("the index %s can't be written, one in memory stands in: %s", self.path, error)
                return self._in_memory()
        return connection

    def _in_memory(self) -> sqlite3.Connection:
        connection, _ = connect(Path(":memory:"), self._local)
        try:
            self._fill(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _fill(self, connection: sqlite3.Connection) -> None:
        insert(connection, list(filter(None, map(self._entry, self.store.ids()))))

    def _remove(self) -> None:
        for suffix in layout.DATABASE:
            with contextlib.suppress(OSError):
                beneath.remove(self._root, Path(f"{self.path}{suffix}"))


def _quantile(ordered: list[float], share: float) -> float:
    """The quantile of sorted values, linear between the two that are nearest."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
