"""Where runs are tracked: a server, or a database in the store."""

import hashlib
import os
from pathlib import Path

from lmcspec.base import beneath
from lmcspec.store import Store, index_path, layout
from lmcspec.track import uris

VARIABLE = "MLFLOW_TRACKING_URI"


def tracking_uri(store: Store, given: str | None) -> str:
    """`--tracking-uri`, else MLFLOW_TRACKING_URI, else the store's own database."""
    return given or os.environ.get(VARIABLE) or default_uri(store)


def default_uri(store: Store) -> str:
    """sqlite:////…/mlflow.db: absolute, since a relative one means another file in every folder."""
    return uris.database(own_database(store))


def own_database(store: Store) -> Path:
    """The store's own database of MLflow's, which may be missing, or a folder: `prepare` moves that away."""
    database = _folder(store) / "mlflow.db"
    beneath.refuse_foreign(database.parent, database, "a file or a folder")
    for suffix in layout.DATABASE:
        if suffix:
            beneath.refuse_foreign(database.parent, Path(f"{database}{suffix}"), "a file")
    return database


def ledger_path(store: Store, uri: str) -> Path:
    """The file in which is written down what this server has been told about this store.

    That of the store's own database moves with it, for its name says nothing of where they lie.
    """
    folder = _folder(store)
    named = folder / f"{hashlib.sha256(uri.encode()).hexdigest()[:16]}.sqlite"
    # One that an earlier lmcspec has made is used where it is known to be of this place.
    if is_own(store, uri) and not beneath.is_file(folder, named):
        named = folder / "own.sqlite"
    return _openable(named)


def is_own(store: Store, uri: str) -> bool:
    """Whether this is the store's own database."""
    return uris.database_file(uri) == _folder(store) / "mlflow.db"


def artifacts(store: Store) -> str:
    """The folder for files of runs whose server keeps none itself."""
    folder = store.root / "tracking" / "artifacts"
    # MLflow follows links: neither it nor the folder of an experiment may be one.
    for path in (folder, *(folder / name for name in beneath.names(store.root, folder))):
        beneath.refuse_foreign(store.root, path, "a file or a folder")
    return uris.folder(folder)


def _openable(database: Path) -> Path:
    """The path of a database if sqlite may open it. Raises ForeignError where that would follow a link."""
    layout.refuse_foreign_database(database.parent, database)
    return database


def _folder(store: Store) -> Path:
    """A folder in the store, or in the user's state folder for a store on a network disk, where sqlite must not be."""
    beside = index_path(store)
    if beside == store.root / layout.INDEX:
        return store.root / "tracking"
    return beside.parent / f"{store.id}.tracking"


def shown(uri: str) -> str:
    """The address without a user's name and password, for people and logs."""
    return without_secrets(uri, uri)


def without_secrets(text: str, uri: str) -> str:
    """The text without the name and password that stand in an address."""
    user, mark, _ = uri.partition("://")[2].partition("/")[0].rpartition("@")
    return text.replace(user + mark, "") if mark else text
