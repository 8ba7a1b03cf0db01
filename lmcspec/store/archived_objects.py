"""The objects in an archive, all held against their COMMITs and recipes before any of them enters a store."""

from typing import NamedTuple

from lmcspec.base import documents
from lmcspec.base.ids import short
from lmcspec.store import layout
from lmcspec.store.archive import Archive, ArchiveError
from lmcspec.store.index import Index
from lmcspec.store.remote_commit import BESIDE, RemoteCommit, RemoteDamage, check_recipe, read_remote_commit
from lmcspec.store.remote_objects import NUMBERS, fetch, folder_of
from lmcspec.store.store import Store

FOLDER = "objects/"


class Taken(NamedTuple):
    """What became of the objects of an archive."""

    new: tuple[str, ...]
    there: tuple[str, ...]
    """The store had them before."""
    other: tuple[str, ...]
    """The store has another result of the same task, which stays."""


def check_objects(archive: Archive) -> tuple[str, ...]:
    """The ids of all objects of an archive, of whose parts each has been found to have the digest in its name.

    ArchiveError for the first that is not whole, or a part that belongs to none.
    """
    shelves: dict[str, set[str]] = {}
    for name in archive.names:
        if name.startswith(FOLDER):
            folder, _, last = name.rpartition("/")
            shelves.setdefault(folder, set()).add(last)
    for folder, names in shelves.items():
        identifier = folder.rpartition("/")[2]
        if not layout.is_id(identifier) or folder != folder_of(identifier):
            raise ArchiveError(archive.path, f"its folder {folder} is that of no object")
        _check(archive, identifier, names)
    return tuple(sorted(folder.rpartition("/")[2] for folder in shelves))


def take_objects(store: Store, archive: Archive, identifiers: tuple[str, ...]) -> Taken:
    """Put objects of an archive into the store, each by a commit of its own, and into its index."""
    new, there, other = [], [], []
    for identifier in identifiers:
        present = store.find(identifier)
        how = fetch(store, archive, identifier)
        if how == "fetched":
            new.append(identifier)
        elif present is not None and present.digest != _commit(archive, identifier)[0].digest:
            other.append(identifier)
        else:
            there.append(identifier)
    if new:
        with Index(store) as index:
            index.add(new)
    return Taken(tuple(new), tuple(there), tuple(other))


def _check(archive: Archive, identifier: str, names: set[str]) -> None:
    commit, whole = _commit(archive, identifier)
    folder = folder_of(identifier)
    files = (*commit.beside, *(commit.outputs if whole else ()))
    for file in files:
        if archive.size(f"{folder}/{file.sha256}") != file.bytes:
            raise ArchiveError(archive.path, f"object {short(identifier)} lacks its file {file.path}")
    expected = {layout.COMMIT if whole else NUMBERS, *(file.sha256 for file in files)}
    if names != expected:
        raise ArchiveError(archive.path, f"object {short(identifier)} has a part that it does not need")
    for sha256 in expected - {layout.COMMIT, NUMBERS}:
        if archive.sha256(f"{folder}/{sha256}") != sha256:
            raise ArchiveError(archive.path, f"a file of object {short(identifier)} is corrupt")
    recipe = next(file for file in commit.beside if file.path == layout.TASK)
    content = archive.read(f"{folder}/{recipe.sha256}", BESIDE[layout.TASK])
    try:
        check_recipe(content or b"", identifier, archive.url)
    except RemoteDamage as error:
        raise ArchiveError(archive.path, f"object {short(identifier)} is damaged: {error.__cause__}") from error


def _commit(archive: Archive, identifier: str) -> tuple[RemoteCommit, bool]:
    """The COMMIT of an object, and whether its outputs are there, too."""
    folder = folder_of(identifier)
    try:
        for name in (layout.COMMIT, NUMBERS):
            content = archive.read(f"{folder}/{name}", documents.LARGEST)
            if content is not None:
                return read_remote_commit(content, identifier, archive.url), name == layout.COMMIT
    except RemoteDamage as error:
        raise ArchiveError(archive.path, f"object {short(identifier)} is damaged: {error.__cause__}") from error
    except ValueError as error:
        raise ArchiveError(archive.path, f"the {layout.COMMIT} of object {short(identifier)}: {error}") from error
    raise ArchiveError(archive.path, f"object {short(identifier)} has no {layout.COMMIT}")
