"""Files of runs that lie in the store, as MLflow lays them out. They are written by the store's own door.

MLflow would write wherever the rows of its database say, and through links. A database that came with a store from
elsewhere says what its maker wanted, and that of a store that was moved still names the old place.
"""

import contextlib
import os
import re
import sqlite3
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from lmcspec.base import beneath, faults
from lmcspec.base.databases import UNREADABLE
from lmcspec.store import Store, layout
from lmcspec.track import uris
from lmcspec.track.database import connected, prepare
from lmcspec.track.evidence import OWNER, mark_of
from lmcspec.track.troubles import RefusedError
from lmcspec.track.where import artifacts, own_database

_RUN = re.compile(r"[0-9a-f]{32}")


def place(store: Store, run: str) -> Path:
    """The folder of a run's files. RefusedError for what no run is called."""
    if not _RUN.fullmatch(run):
        raise RefusedError(f"{run!r} is no run of MLflow's", help="nothing is kept with it")
    return store.root / "tracking" / "artifacts" / run / "artifacts"


def is_here(store: Store, run: str, uri: str | None) -> bool:
    """Whether this is where a run's files lie in the store."""
    return _RUN.fullmatch(run) is not None and uri == uris.folder(place(store, run))


def put(store: Store, run: str, path: str, content: bytes) -> None:
    """Keep a content with a run, as the file of that path. ForeignError where a link is on the way."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise RefusedError(f"{path!r} is no path of a file of a run's", help="nothing is kept under it")
    file = place(store, run).joinpath(*parts)
    beneath.make_folders(store.root, file.parent)
    layout.put_file(store.root, file, content)


def is_there(store: Store, run: str, path: str) -> bool:
    """Whether a file of that path is kept with a run."""
    return beneath.is_file(store.root, place(store, run) / path)


def prepare_for(store: Store, database: Path) -> None:
    """Have MLflow's tables in a database; the store's own says where the store lies now. UnreachableError."""
    if database == own_database(store):
        prepare(database, replaceable=True, then=lambda whole: write_places(whole, store))
    else:
        prepare(database, replaceable=False)


def write_places(database: Path, store: Store) -> None:
    """Have a database say where the files of this store's runs lie, whatever it said before: pages show them then.

    So a store that was moved goes on in its new place, and a copy of one never writes to the place that it was copied
    from. What other programs keep with runs beneath the old place moves along. It is done whole or not at all.
    """
    home = artifacts(store)
    with contextlib.suppress(*UNREADABLE), contextlib.closing(connected(database)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for before in _places(connection, store, home):
                for table, column in _tables(connection):
                    connection.execute(_BENEATH.format(table=table, column=column), {"home": home, "before": before})
            connection.execute(_EXPERIMENTS, (home, home, mark_of(store)))
            faults.reach("track.half-moved")
            connection.execute(_RUNS, (home, home, store.id))
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def are_there(noted: str, store: Store) -> bool:
    """Whether a place that was noted for files of runs is where they lie now, by whatever name."""
    home = artifacts(store)
    if noted == home:
        return True
    with contextlib.suppress(OSError, ValueError):
        return os.path.samefile(unquote(urlsplit(noted).path), unquote(urlsplit(home).path))
    return False


def _places(connection: sqlite3.Connection, store: Store, home: str) -> list[str]:
    """Where stores that are this one have lain, by the experiments of their studies."""
    ours = "SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location != ? AND experiment_id IN "
    rows = connection.execute(f"{ours} ({_TOLD})", (home, mark_of(store))).fetchall()
    ending = home.rpartition("/tracking/")[2]
    return [place for (place,) in rows if isinstance(place, str) and place.endswith(f"/tracking/{ending}")]


def _tables(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """The tables of this database that have places of files, each with its column."""
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    known = (("experiments", "artifact_location"), ("runs", "artifact_uri"), ("logged_models", "artifact_location"))
    return [(table, column) for table, column in known if table in there]


_TOLD = "SELECT experiment_id FROM experiment_tags WHERE key = ?"
_BENEATH = """
UPDATE {table} SET {column} = :home || substr({column}, length(:before) + 1)
WHERE substr({column}, 1, length(:before) + 1) = :before || '/' AND instr({column}, '..') = 0
"""
_EXPERIMENTS = f"""
UPDATE experiments SET artifact_location = ? WHERE artifact_location != ? AND experiment_id IN ({_TOLD})
"""
_RUNS = f"""
UPDATE runs SET artifact_uri = ? || '/' || run_uuid || '/artifacts'
WHERE artifact_uri != ? || '/' || run_uuid || '/artifacts'
AND run_uuid IN (SELECT run_uuid FROM tags WHERE key = '{OWNER}' AND value = ?)
"""
