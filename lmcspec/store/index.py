"""A table of all objects for questions over many of them. A cache: COMMIT decides, and this can be made from it."""

import contextlib
import logging
import math
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from lmcspec.base import beneath
from lmcspec.base.beneath import ForeignError
from lmcspec.base.databases import UNREADABLE, is_damage
from lmcspec.base.errors import StoreError
from lmcspec.store import layout
from lmcspec.store.filesystems import filesystem, is_network
from lmcspec.store.store import Store
from lmcspec.store.stored import Stored

_SCHEMA = 1
_LATEST = 200
_WAIT = 15.0
_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Row:
    """What the index knows of one object."""

    id: str
    kind: str
    model: str
    """Digest of the model's config; "" where the kind has none."""
    units: float
    """How much there was to do: images processed, where that is what takes the time; else 1."""
    seconds: float | None
    bytes: int
    outcome: str
    digest: str
    """Of the result."""
    committed: float
    """Seconds since 1970 by the clock of the host that committed it."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Seconds per unit over past objects: the median, the range of the middle 80 %, and how many there were."""

    median: float
    low: float
    high: float
    n: int


def index_path(store: Store, kind_of: Callable[[Path], str] = filesystem) -> Path:
    """Where the index of a store lies: in it, or, if that is on a network disk, in the user's own state folder."""
    if not is_network(kind_of(store.root)):
        return store.root / layout.INDEX
    import platformdirs

    return Path(platformdirs.user_state_dir("lmcspec")) / "indexes" / f"{store.id}.sqlite"


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
        rows = list(filter(None, map(self._row, identifiers)))
        return self._do(lambda connection: _insert(connection, rows), 0)

    def refresh(self) -> int:
        """Make the index agree with the objects that are there; how many entries came or went."""
        present = set(self.store.ids())
        known = self.ids()
        gone = known - present
        self._do(lambda connection: _delete(connection, gone), 0)
        return self.add(sorted(present - known)) + len(gone)

    def ids(self) -> set[str]:
        """Every id in the index."""
        return self._do(
            lambda connection: {_text(identifier) for (identifier,) in connection.execute("SELECT id FROM objects")},
            set(),
        )

    def rows(self, kind: str | None = None) -> list[Row]:
        """All entries, or those of one kind, the oldest first."""
        where, values = ("WHERE kind = ?", (kind,)) if kind is not None else ("", ())
        query = f"SELECT {_COLUMNS} FROM objects {where} ORDER BY committed, id"
        return self._do(lambda connection: [_entry(row) for row in connection.execute(query, values)], [])

    def seconds(self, kind: str, model: str = "") -> list[float]:
        """Seconds per unit of the latest objects of this kind and model, the newest first, at most 200."""
        query = (
            "SELECT seconds / units FROM objects WHERE kind = ? AND model = ? AND seconds IS NOT NULL AND units > 0 "
            f"ORDER BY committed DESC, id LIMIT {_LATEST}"
        )
        return self._do(
            lambda connection: [_number(duration) for (duration,) in connection.execute(query, (kind, model))], []
        )

    def rates(self, kind: str, model: str = "") -> Rate | None:
        """What a unit of work of this kind took so far; None if none was done."""
        values = sorted(self.seconds(kind, model))
        if not values:
            return None
        return Rate(_quantile(values, 0.5), _quantile(values, 0.1), _quantile(values, 0.9), len(values))

    def _row(self, identifier: str) -> Row | None:
        try:
            stored = self.store.read(identifier)
            return _row(stored) if stored else None
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
            if _is_locked(error):
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
                connection, fresh = _connect(self.path, self._local)
            except UNREADABLE as error:
                if not is_damage(error):
                    raise
                _log.warning("the index %s is damaged and is made again: %s", self.path, error)
                self._remove()
                connection, fresh = _connect(self.path, self._local)
        except (*UNREADABLE, OSError) as error:
            # A store that can only be read: an index in memory serves as well, for as long as this process lasts.
            level = logging.WARNING if isinstance(error, ForeignError) else logging.INFO
            _log.log(level, "the index %s can't be written, one in memory stands in: %s", self.path, error)
            return self._in_memory()
        if fresh:
            try:
                self._fill(connection)
            except UNREADABLE as error:
                # Whoever opens it next must not take it for a full one.
                _log.warning("the index %s can't be written, one in memory stands in: %s", self.path, error)
                connection.close()
                self._remove()
                return self._in_memory()
        return connection

    def _in_memory(self) -> sqlite3.Connection:
        connection, _ = _connect(Path(":memory:"), self._local)
        self._fill(connection)
        return connection

    def _fill(self, connection: sqlite3.Connection) -> None:
        _insert(connection, list(filter(None, map(self._row, self.store.ids()))))

    def _remove(self) -> None:
        for suffix in layout.DATABASE:
            with contextlib.suppress(OSError):
                beneath.remove(self._root, Path(f"{self.path}{suffix}"))


def reindex(store: Store, kind_of: Callable[[Path], str] = filesystem) -> int:
    """Make the index anew from the objects; how many there are."""
    with Index(store, kind_of) as index:
        index._do(lambda connection: _delete(connection, index.ids()), 0)
        return index.add(store.ids())


_COLUMNS = "id, kind, model, units, seconds, bytes, outcome, digest, committed"


# A page that a dying disk has changed may give values of any type, and sqlite says nothing.


def _entry(row: Sequence[Any]) -> Row:
    entry = Row(*row)
    for text in (entry.id, entry.kind, entry.model, entry.outcome, entry.digest):
        _text(text)
    for number in (entry.units, entry.bytes, entry.committed, 0 if entry.seconds is None else entry.seconds):
        _number(number)
    return entry


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise sqlite3.DatabaseError(f"it holds {value!r:.40} in the place of a text")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise sqlite3.DatabaseError(f"it holds {value!r:.40} in the place of a number")
    return value


def _connect(path: Path, local: bool) -> tuple[sqlite3.Connection, bool]:
    """An open index and whether it is empty because it was only just made."""
    deadline = time.monotonic() + _WAIT
    while True:
        connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        try:
            return connection, _prepare(connection, local)
        except sqlite3.OperationalError as error:
            connection.close()
            # Changing to WAL doesn't wait as other statements do.
            if not _is_locked(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        except BaseException:
            connection.close()
            raise


def _is_locked(error: Exception) -> bool:
    return "locked" in str(error)


def _prepare(connection: sqlite3.Connection, local: bool) -> bool:
    if local:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if connection.execute("PRAGMA user_version").fetchone()[0] == _SCHEMA:
        connection.execute("SELECT COUNT(*) FROM objects")
        return False
    with _transaction(connection):
        if connection.execute("PRAGMA user_version").fetchone()[0] == _SCHEMA:
            return False
        connection.execute("DROP TABLE IF EXISTS objects")
        connection.execute(
            "CREATE TABLE objects (id TEXT PRIMARY KEY, kind TEXT NOT NULL, model TEXT NOT NULL, units REAL NOT NULL, "
            "seconds REAL, bytes INTEGER NOT NULL, outcome TEXT NOT NULL, digest TEXT NOT NULL, "
            "committed REAL NOT NULL) WITHOUT ROWID"
        )
        connection.execute("CREATE INDEX by_kind ON objects (kind, model, committed)")
        connection.execute(f"PRAGMA user_version = {_SCHEMA}")
    return True


class _transaction:
    """Everything in it happens or nothing does; takes its turn with other writers at the start."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __enter__(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.connection.execute("COMMIT")
        elif self.connection.in_transaction:  # sqlite takes some back itself, where the disk is full for one
            self.connection.execute("ROLLBACK")


def _insert(connection: sqlite3.Connection, rows: list[Row]) -> int:
    with _transaction(connection):
        connection.executemany(
            f"INSERT OR REPLACE INTO objects ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [tuple(getattr(row, name) for name in _COLUMNS.split(", ")) for row in rows],
        )
    return len(rows)


def _delete(connection: sqlite3.Connection, identifiers: Iterable[str]) -> int:
    with _transaction(connection):
        connection.executemany("DELETE FROM objects WHERE id = ?", [(identifier,) for identifier in identifiers])
    return 0


def _row(stored: Stored) -> Row:
    record = stored.record
    seconds = record.get("seconds")
    return Row(
        stored.id,
        str(record.get("kind", "")),
        str(record.get("model", "")),
        1.0 if record.get("units") is None else float(record["units"]),
        None if seconds is None else float(seconds),
        stored.bytes,
        str(stored.outcome),
        str(stored.digest),
        float(record.get("committed", 0.0)),
    )


def _quantile(ordered: list[float], share: float) -> float:
    """The quantile of sorted values, linear between the two that are nearest."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
