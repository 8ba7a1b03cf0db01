"""What `lmcspec doctor` says of the places that are written to: store, disk, the user's folders, tracking."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lmcspec.base.errors import LmcspecError
from lmcspec.base.flush import flush
from lmcspec.cli.finding import Finding, looked

LITTLE_ROOM = 10**9
ELSEWHERE = "name a folder that you can write to with --store or LMCSPEC_STORE"


def places(store: Path) -> Iterator[Finding]:
    """The store and its disk, the folders of the user's that lmcspec writes to, and where runs are tracked."""
    from lmcspec.plan import speeds
    from lmcspec.science.data.cache import cache_folder

    yield from looked("store", lambda: [_store(store)])
    yield from looked("disk", lambda: [_disk(store)])
    yield from looked("cache", lambda: [_kept("cache", cache_folder(), "LMCSPEC_CACHE")])
    yield from looked("state", lambda: [_kept("state", speeds.folder().parent, "XDG_STATE_HOME")])
    yield from looked("tracking", lambda: [_tracking(store)])


def trouble(folder: Path, *, with_sqlite: bool) -> str:
    """Why a store or what is kept beside it can't be written below the nearest folder that is there; empty if it can.

    Tries what a commit needs: a file that is synced, a folder that is renamed, and a database beside them.
    """
    place = existing(folder)
    try:
        with tempfile.TemporaryDirectory(dir=place, prefix=".lmcspec-doctor-") as tried:
            draft = Path(tried) / "draft"
            draft.mkdir()
            with (draft / "file").open("wb") as file:
                file.write(b"tried")
                flush(file.fileno())
            draft.rename(Path(tried) / "whole")
            if with_sqlite:
                _try_sqlite(Path(tried) / "tried.sqlite")
    except (OSError, sqlite3.Error) as error:
        return f"{place}: {getattr(error, 'strerror', None) or error}"
    return ""


def existing(folder: Path) -> Path:
    """The folder, or the nearest place above it at which anything is."""
    place = folder.absolute()
    while not os.path.lexists(place):
        place = place.parent
    return place


def _try_sqlite(database: Path) -> None:
    """A table in the journal mode that the index has."""
    connection = sqlite3.connect(database)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE tried (number INTEGER)")
        connection.commit()
    finally:
        connection.close()


def _store(path: Path) -> Finding:
    from lmcspec.cli.options import open_existing
    from lmcspec.store.filesystems import filesystem, is_network

    kind = filesystem(path)
    shared = ", which several hosts may share: its index lies in your state folder" if is_network(kind) else ""
    missing = ", a link that leads nowhere" if path.is_symlink() else ", not made yet"
    there = "" if path.exists() else missing
    told = f"{path.absolute()}{there}, on {kind or 'an unknown file system'}{shared}"
    try:
        open_existing(path)
    except LmcspecError as error:
        return Finding("store", f"{told}; {error}", error.help or ELSEWHERE, "bad")
    if why := trouble(path, with_sqlite=not is_network(kind)):
        return Finding("store", f"{told}; can't be written to, {why}", ELSEWHERE, "bad")
    return Finding("store", told)


def _disk(store: Path) -> Finding:
    from lmcspec.plan.render import size

    free = shutil.disk_usage(existing(store)).free
    if free < LITTLE_ROOM:
        return Finding("disk", f"{size(free)} free", "a study may fill it: make room, or take another --store", "warn")
    return Finding("disk", f"{size(free)} free")


def _kept(what: str, folder: Path, variable: str) -> Finding:
    if why := trouble(folder, with_sqlite=what == "state"):
        help = f"set {variable} to a folder that you can write to"
        return Finding(what, f"{folder} can't be written to, {why}", help, "warn")
    return Finding(what, str(folder))


def _tracking(path: Path) -> Finding:
    from lmcspec.cli.options import open_existing
    from lmcspec.track import tracking_uri
    from lmcspec.track.reached import reached
    from lmcspec.track.where import VARIABLE, shown

    try:
        store = open_existing(path)
    except LmcspecError:
        store = None
    named = os.environ.get(VARIABLE, "")
    if not named and store is None:
        return Finding("tracking", f"a database in the store, once there is one, or {VARIABLE}")
    uri = named or tracking_uri(store, None) if store is not None else named
    if not uri.startswith(("http://", "https://")):
        return Finding("tracking", shown(uri))
    answer, there = reached(uri)
    help = "studies run without it, and `lmcspec sync` tells it all later; start the server, or mend its address"
    return Finding("tracking", f"{shown(uri)}, {answer}", "" if there else help, "ok" if there else "warn")
