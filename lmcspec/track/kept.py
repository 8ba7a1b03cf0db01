"""Files of runs that lie in the store, as MLflow lays them out. They are written by the store's own door.

MLflow would write wherever the rows of its database say, and through links. A database that came with a store from
elsewhere says what its maker wanted, and that of a store that was moved still names the old place.
"""

import contextlib
import re
from pathlib import Path, PurePosixPath

from lmcspec.base import beneath
from lmcspec.base.databases import UNREADABLE
from lmcspec.store import Store, layout
from lmcspec.track import uris
from lmcspec.track.database import connected
from lmcspec.track.evidence import OWNER, mark_of
from lmcspec.track.troubles import RefusedError
from lmcspec.track.where import artifacts

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


def write_places(database: Path, store: Store) -> None:
    """Have a database say where the files of this store's runs lie, whatever it said before: pages show them then."""
    home = artifacts(store)
    with contextlib.suppress(*UNREADABLE), contextlib.closing(connected(database)) as connection:
        connection.execute(_EXPERIMENTS, (home, home, mark_of(store)))
        connection.execute(_RUNS, (home, home, store.id))


_EXPERIMENTS = """
UPDATE experiments SET artifact_location = ? WHERE artifact_location != ?
AND experiment_id IN (SELECT experiment_id FROM experiment_tags WHERE key = ?)
"""
_RUNS = f"""
UPDATE runs SET artifact_uri = ? || '/' || run_uuid || '/artifacts'
WHERE artifact_uri != ? || '/' || run_uuid || '/artifacts'
AND run_uuid IN (SELECT run_uuid FROM tags WHERE key = '{OWNER}' AND value = ?)
"""
