"""What MLflow's sqlite file holds, on disk: once for much, and not at the end of each of MLflow's transactions.

In write-ahead mode a transaction that is not synced can be lost by a power failure, never be half there. So MLflow's
connections of this process leave the syncing to `Durable`, and nothing is noted as told before that was done.
"""

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any

from lmcspec.base import beneath
from lmcspec.track.database import connected, limit
from lmcspec.track.rows import WholeRuns

_RELAXED: set[str] = set()
"""Files whose connections don't wait for the disk."""


class Durable:
    """A connection of its own to MLflow's file, for one thread."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._connection: sqlite3.Connection | None = None
        relax(database)

    def write(self, runs: WholeRuns | None) -> None:
        """Write the runs that wait, and have all of the file on disk that this process has committed."""
        if self._connection is None:
            self._connection = connected(self._database)
            self._connection.execute("PRAGMA synchronous(FULL)")
        limit(self._connection)
        # The end of a transaction has the whole log synced, whoever wrote what stands in it.
        if runs is None or not runs.write(self._connection):
            with contextlib.suppress(FileNotFoundError):
                beneath.sync(self._database.parent, Path(f"{self._database}-wal"))

    def close(self) -> None:
        """Have all of it in the one file, if nobody is at work on it, so that a copy of that file is whole."""
        if self._connection is not None:
            with contextlib.closing(self._connection) as connection, contextlib.suppress(sqlite3.Error):
                connection.execute("PRAGMA busy_timeout(0)")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection = None


def relax(database: Path) -> None:
    """Have connections of SQLAlchemy's to this file, from now on, not wait for the disk at each commit."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    if not event.contains(Engine, "connect", _relaxed):
        event.listen(Engine, "connect", _relaxed)
    _RELAXED.add(os.path.realpath(database))


def _relaxed(connection: Any, record: Any) -> None:
    del record
    if not isinstance(connection, sqlite3.Connection):
        return
    file = next((row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main"), "")
    # Only there is a transaction whole without it: a journal that is rolled back has to be on disk first.
    if os.path.realpath(file) in _RELAXED and connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        connection.execute("PRAGMA synchronous(NORMAL)")
