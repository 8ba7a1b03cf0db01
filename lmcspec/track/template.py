"""MLflow's tables as it has made them once, kept in the user's cache: a hundred migrations take it a second each time.

One is used by the versions of packages that made it alone, as long as it is what they made to the byte, and holds what
MLflow would write at this moment: the folder and the time in which its first experiment was made are put right.
"""

import contextlib
import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from lmcspec.base import beneath
from lmcspec.base.documents import DocumentError, open_regular
from lmcspec.base.ids import digest

_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")
"""Folders that are spelled alike in paths and URIs."""

_FILLED = {"alembic_version", "experiments", "workspaces"}
"""Tables that hold something when MLflow has just made them."""

_DIGEST = hashlib.sha256().digest_size


def copied(draft: Path) -> bool:
    """Have the tables at this path, where nothing is; False where none are kept for these versions."""
    home = _home()
    if home is None:
        return False
    try:
        with open_regular(_place()) as file:
            content = file.read()
    except (OSError, DocumentError):
        return False
    tables = content[_DIGEST:]
    if hashlib.sha256(tables).digest() != content[:_DIGEST]:
        return False
    beneath.write(draft.parent, draft, tables)
    now = int(time.time() * 1000)
    with _connected(draft) as connection:
        connection.execute(
            "UPDATE experiments SET artifact_location = ?, creation_time = ?, last_update_time = ?", (home, now, now)
        )
    return True


def keep(made: Path) -> None:
    """Keep the tables that MLflow has just made at this path, if they are as all of theirs are, and there is room."""
    with contextlib.suppress(OSError, sqlite3.Error):
        if _home() is None or not _is_as_expected(made):
            return
        from lmcspec.science.data.cache import whole

        tables = beneath.read(made.parent, made)
        with whole(_place()) as temporary:
            temporary.write_bytes(hashlib.sha256(tables).digest() + tables)


def _is_as_expected(made: Path) -> bool:
    """Whether nothing is in it but what is put right when it is copied, or is the same for all."""
    with _connected(made) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        filled = {name for name in names if connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()}
        experiments = connection.execute("SELECT artifact_location FROM experiments").fetchall()
    return filled <= _FILLED and experiments == [(_home(),)]


def _home() -> str | None:
    """Where MLflow has files of its first experiment lie, if it is started here; None where that is not plain."""
    try:
        folder = os.getcwd()
    except OSError:
        return None
    return f"{folder.rstrip('/')}/mlruns/0" if _PLAIN.fullmatch(folder) else None


def _place() -> Path:
    from lmcspec.science.data.cache import cache_folder

    versions = [[name, version(name)] for name in ("mlflow", "sqlalchemy", "alembic")]
    return cache_folder("mlflow", f"{digest([*versions, ['sqlite', sqlite3.sqlite_version]])[:24]}.tables")


@contextlib.contextmanager
def _connected(database: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        yield connection
