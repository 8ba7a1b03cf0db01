"""MLflow's tables in a sqlite file: made beside their place and moved there whole, and made anew where they are broken.

MLflow makes them in place, in hundreds of steps, and never works again with a file at which it was stopped between
two of them. So a file that has its name is whole; what a dead maker left is swept away. The store's own database may be
set aside, for all that lmcspec says there is said again from the store; others may hold what only they know.
"""

import contextlib
import logging
import os
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lmcspec.base import beneath
from lmcspec.base.databases import UNREADABLE, is_damage
from lmcspec.base.surroundings import child_environment
from lmcspec.store import filesystem, is_network, layout
from lmcspec.track import template, uris
from lmcspec.track.troubles import UnreachableError

LOCKED = 5.0
"""Seconds that another program may keep the file locked."""

MAKING = 60.0
"""Seconds that another process of ours may take to make one."""

LOOK = 2.0
"""Seconds for looking a file through for damage; of a larger one a part."""

LONGEST = 60.0
"""Seconds for all that a connection is asked, from one `limit` to the next."""

BESIDE = ("-wal", "-shm", "-journal")
"""What sqlite keeps beside a file that is a part of it."""

ANOTHER = "choose another with --tracking-uri"

_log = logging.getLogger(__name__)


def prepare(database: Path, *, replaceable: bool, then: Callable[[Path], None] = lambda database: None) -> None:
    """Have MLflow's tables there, one process at a time. UnreachableError where that can't be, and why.

    `replaceable`: whether all that is in there is known to the store, so that it may be made anew. `then` is done to
    the whole database before another process may.
    """
    from filelock import FileLock, Timeout

    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{database}.lock", timeout=MAKING):
            _sweep(database)
            try:
                _mend(database, replaceable)
            except _ReadOnlyError:
                if not replaceable:
                    raise UnreachableError(f"{database} can only be read", help=ANOTHER) from None
                _replace(database, _copied(database), "could only be read")
            if not os.path.lexists(database):
                _make(database)
            then(database)
    except Timeout:
        raise UnreachableError(f"another process is at work on {database}") from None
    except OSError as error:
        raise UnreachableError(f"{database} can't be used: {error.strerror or error}") from error


def _mend(database: Path, replaceable: bool) -> None:
    """Leave a whole database there, or none."""
    why = trouble(database)
    if not why:
        return
    if not replaceable:
        raise UnreachableError(f"{database} {why}", help=f"move it away, or {ANOTHER}")
    if isinstance(why, Older) and (newer := _upgraded(database)) is not None:
        _replace(database, newer, str(why))
        return
    _replace(database, None, str(why))


class Older(str):
    """Why a database can't be used that is whole: an older MLflow's."""

    __slots__ = ()


class _ReadOnlyError(Exception):
    """The database is whole, and can't be written to."""


def trouble(database: Path) -> str:
    """What is wrong with the file, in words that go on from its name; nothing if it can be used, or isn't there.

    UnreachableError where that can't be found out: it is locked, or its disk fails.
    """
    try:
        status = os.lstat(database)
    except FileNotFoundError:
        return ""
    if not stat.S_ISREG(status.st_mode):
        return "is no file" if not stat.S_ISLNK(status.st_mode) else "is a link"
    if not status.st_size:
        return "is empty"
    with _reading(database):
        try:
            return _looked_through(database)
        except UNREADABLE as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                return "has tables without an end"
            if not is_damage(error):
                raise
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
                return f"is no database of MLflow's ({error})"
            return f"is damaged ({error})"


@contextlib.contextmanager
def _reading(database: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_READONLY:
            raise _ReadOnlyError from error
        raise UnreachableError(f"{database} can't be used: {error}") from error


def _looked_through(database: Path) -> str:
    with contextlib.closing(connected(database)) as connection:
        revisions = [row[0] for row in connection.execute("SELECT version_num FROM alembic_version LIMIT 2")]
        if len(revisions) != 1:
            return "was never finished"
        deadline = time.monotonic() + LOOK
        connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
        try:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                return f"is damaged ({verdict.splitlines()[-1]})"
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
                raise
        limit(connection)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        used = connection.execute("SELECT 1 FROM runs LIMIT 1").fetchone() is not None
        # Whether it can be written to shows only when one does.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE alembic_version SET version_num = version_num")
        connection.execute("ROLLBACK")
    newest, wanted = _schema()
    if newest and revisions[0] != newest:
        why = f"has tables of another version of MLflow ({revisions[0]})"
        return Older(why) if used else why
    if wanted - tables:
        return f"was never finished: it has no table {min(wanted - tables)}"
    return ""


def connected(database: Path) -> sqlite3.Connection:
    """A connection to a file that is there, for LONGEST: it ends what it is asked later, or too long, with an error.

    What is called a table may be a view that somebody made without an end.
    """
    connection = sqlite3.connect(uris.opened(database, "rw"), uri=True, timeout=LOCKED, isolation_level=None)
    limit(connection)
    return connection


def limit(connection: sqlite3.Connection) -> None:
    """Give a connection its time anew: sqlite counts the steps of a statement over all of its uses."""
    deadline = time.monotonic() + LONGEST
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)


def _schema() -> tuple[str, set[str]]:
    """(revision, tables) that this MLflow wants; nothing where it no longer says so, and finds out by itself."""
    try:
        from mlflow.store.db import utils
        from mlflow.store.db.base_sql_model import Base

        return utils._get_latest_schema_revision(), set(Base.metadata.tables)
    except (ImportError, AttributeError):
        return "", set()


def _make(database: Path) -> None:
    """Make the tables in a file of another name, and give it this one when all is written."""
    draft = layout.draft_of(database)
    if not template.copied(draft):
        from mlflow import MlflowClient

        MlflowClient(tracking_uri=uris.database(draft)).search_experiments(max_results=1)
        close_connections(draft)
        template.keep(draft)
    _settle(draft)
    beneath.move(database.parent, draft, database)
    beneath.sync(database.parent, database.parent)


def _settle(draft: Path) -> None:
    """Have all of it in the one file and on disk."""
    with contextlib.closing(connected(draft)) as connection:
        if not is_network(filesystem(draft)):
            # One wait for the disk for each change instead of three. The file remembers it.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    beneath.sync(draft.parent, draft)


def close_connections(database: Path) -> None:
    """Close MLflow's connections to a file: it keeps them for as long as the process lives, whatever has its name."""
    with contextlib.suppress(ImportError, AttributeError):
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        engine = SqlAlchemyStore._engine_map.pop(uris.database(database), None)
        if engine is not None:
            engine.dispose()


def _copied(database: Path) -> Path:
    """A draft with all that is committed in a database, which may stand in its log alone."""
    draft = layout.draft_of(database)

    def refuse_to_wait(status: int, remaining: int, total: int) -> None:
        # It was locked for LOCKED: of itself the backup would try again for ever.
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise sqlite3.OperationalError("database is locked")

    reading = sqlite3.connect(uris.opened(database, "ro"), uri=True, timeout=LOCKED)
    try:
        with contextlib.closing(reading) as old, contextlib.closing(sqlite3.connect(draft)) as new:
            old.backup(new, progress=refuse_to_wait)
        _settle(draft)
    except sqlite3.Error as error:
        _sweep(database)
        raise UnreachableError(f"{database} can't be copied: {error}", help=ANOTHER) from error
    return draft


def _upgraded(database: Path) -> Path | None:
    """A copy with the tables of this MLflow, by its own means; None where it can't."""
    draft = _copied(database)
    # Not from the working folder, where anything may be called mlflow.
    command = [sys.executable, "-P", "-m", "mlflow", "db", "upgrade", uris.database(draft)]
    try:
        subprocess.run(command, env=child_environment(), check=True, capture_output=True, timeout=MAKING)
        whole = not trouble(draft)
    except (subprocess.SubprocessError, OSError, UnreachableError):
        whole = False
    if whole:
        _settle(draft)
        return draft
    _sweep(database)
    return None


def _replace(database: Path, by: Path | None, why: str) -> None:
    """Set the file aside, kept under another name, and put this one in its place, or nothing."""
    close_connections(database)
    stamp = time.strftime("%Y%m%dT%H%M%S")
    aside = database.with_name(f"{database.name}.{stamp}-{layout.new_name()[:4]}.aside")
    # First what belongs to it: by itself it would be taken for a part of the next.
    for end in BESIDE:
        with contextlib.suppress(FileNotFoundError):
            beneath.move(database.parent, Path(f"{database}{end}"), Path(f"{aside}{end}"))
    beneath.move(database.parent, database, aside)
    if by is not None:
        beneath.move(database.parent, by, database)
    beneath.sync(database.parent, database.parent)
    made = "made anew from the store" if by is None else "replaced by a copy that works"
    _log.warning("MLflow's database %s %s: it is kept as %s, and %s", database, why, aside.name, made)


def _sweep(database: Path) -> None:
    """Delete what a maker left that was killed. Nobody else is at work while the lock is held."""
    for name in beneath.names(database.parent, database.parent):
        bare = next((name.removesuffix(end) for end in BESIDE if name.endswith(end)), name)
        if layout.is_draft(bare) and bare.startswith(f".{database.name}."):
            with contextlib.suppress(beneath.ForeignError):
                beneath.remove(database.parent, database.parent / name)
