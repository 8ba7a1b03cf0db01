"""The entries of the index, and the database that holds them."""

import contextlib
import math
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lmcspec.base import beneath
from lmcspec.base.databases import refuse_strange
from lmcspec.store.layout import COMMIT
from lmcspec.store.stored import Stored

_SCHEMA = 3
_WAIT = 15.0


class Entry(NamedTuple):
    """What the index knows of one object."""

    id: str
    kind: str
    model: str
    """Digest of the model's config, and where its kind says more behind a `/` its method; "" where it has none."""
    units: float
    """How much there was to do: images processed, where that is what takes the time; else 1."""
    seconds: float | None
    bytes: int
    outcome: str
    digest: str
    """Of the result."""
    committed: float
    """Seconds since 1970 by the clock of the host that committed it."""
    device: str = ""
    """The model of the GPU that it ran on, or `cpu`."""
    host_peak: int | None = None
    """Bytes of the host's memory that it took at most."""
    device_peak: int | None = None
    """The same of a GPU's."""
    beside: int = 0
    """Bytes of what stays when the outputs are dropped: log, metrics, recipe and COMMIT."""
    study: str = ""
    """In whose run it was made; "" where an earlier lmcspec made it."""


COLUMNS = ", ".join(Entry._fields)


# A page that a dying disk has changed may give values of any type, and sqlite says nothing.


def as_entry(row: Sequence[Any]) -> Entry:
    """The entry that a row of the database holds. Raises DatabaseError where a value is none that could be written."""
    entry = Entry(*row)
    for text in (entry.id, entry.kind, entry.model, entry.outcome, entry.digest, entry.device, entry.study):
        as_text(text)
    maybe = (entry.seconds, entry.host_peak, entry.device_peak)
    certain = (entry.units, entry.bytes, entry.committed, entry.beside)
    for number in (*certain, *(0 if value is None else value for value in maybe)):
        as_number(number)
    return entry


def as_text(value: Any) -> str:
    """The value, which has to be a text."""
    if not isinstance(value, str):
        raise sqlite3.DatabaseError(f"it holds {value!r:.40} in the place of a text")
    return value


def as_number(value: Any) -> float:
    """The value, which has to be a finite number of at least 0."""
    if not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise sqlite3.DatabaseError(f"it holds {value!r:.40} in the place of a number")
    return value


def connect(path: Path, local: bool) -> tuple[sqlite3.Connection, bool]:
    """An open index and whether it is empty because it was only just made."""
    deadline = time.monotonic() + _WAIT
    while True:
        # What forgets an index, and so closes it, may be another thread than the one that had it.
        connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        try:
            return connection, _prepare(connection, local)
        except sqlite3.OperationalError as error:
            connection.close()
            # Changing to WAL doesn't wait as other statements do.
            if not is_locked(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        except BaseException:
            connection.close()
            raise


def is_locked(error: Exception) -> bool:
    """Whether an error says that others hold the database for now."""
    return "locked" in str(error)


def _prepare(connection: sqlite3.Connection, local: bool) -> bool:
    refuse_strange(connection)
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
            "committed REAL NOT NULL, device TEXT NOT NULL, host_peak INTEGER, device_peak INTEGER, "
            "beside INTEGER NOT NULL, study TEXT NOT NULL) WITHOUT ROWID"
        )
        connection.execute("CREATE INDEX by_kind ON objects (kind, model, committed)")
        connection.execute(f"PRAGMA user_version = {_SCHEMA}")
    return True


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything in it happens or nothing does; takes its turn with other writers at the start."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # sqlite takes some back itself, where the disk is full for one
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def insert(connection: sqlite3.Connection, entries: list[Entry]) -> int:
    """Enter these, or replace what was there of their objects; how many."""
    with _transaction(connection):
        connection.executemany(
            f"INSERT OR REPLACE INTO objects ({COLUMNS}) VALUES ({', '.join('?' * len(Entry._fields))})",
            [tuple(getattr(entry, name) for name in COLUMNS.split(", ")) for entry in entries],
        )
    return len(entries)


def delete(connection: sqlite3.Connection, identifiers: Iterable[str]) -> None:
    """Take these out, those that are in."""
    with _transaction(connection):
        connection.executemany("DELETE FROM objects WHERE id = ?", [(identifier,) for identifier in identifiers])


def entry_of(stored: Stored) -> Entry:
    """The entry of a committed object. ValueError where its files are said to be larger than any disk."""
    record = stored.record
    seconds = record.get("seconds")
    commit = beneath.look(stored.root, stored.path / COMMIT)
    beside = sum(int(entry["bytes"]) for entry in record.get("files", {}).values())
    return Entry(
        stored.id,
        str(record.get("kind", "")),
        str(record.get("model", "")),
        1.0 if record.get("units") is None else float(record["units"]),
        None if seconds is None else float(seconds),
        _of_files(stored.bytes),
        str(stored.outcome),
        str(stored.digest),
        float(record.get("committed", 0.0)),
        str(_part(record, "numerics").get("device", "")),
        _count(_part(record, "memory").get("host")),
        _count(_part(record, "memory").get("device")),
        _of_files(beside + (commit.st_size if commit else 0)),
        str(record.get("study", "")),
    )


def _of_files(total: int) -> int:
    if total >= 2**60:  # what the database can hold of each, and of the sum of some
        raise ValueError(f"its files are said to have {total:,} bytes")
    return total


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = record.get(name)
    return part if isinstance(part, Mapping) else {}


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 2**60 else None
