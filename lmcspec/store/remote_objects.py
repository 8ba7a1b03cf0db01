"""Finished objects to and from a URL. There they lie in `objects/ab/<id>`, each file named by its own sha256.

COMMIT, the same bytes as in a store, comes last: what has none, or one that doesn't hold, is no object. Files are
named by what is in them, so that two who send the same object, or two different results of one task, never write over
each other's; whose COMMIT comes last counts, and all that it names is there. An object of which only numbers are left
has its COMMIT under another name.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from typing import IO, Literal, Protocol

from lmcspec.base import beneath, documents, ids
from lmcspec.base.errors import StoreError
from lmcspec.base.flush import flush
from lmcspec.store import layout
from lmcspec.store.commit import Attempt, open_attempt
from lmcspec.store.lease import take
from lmcspec.store.remote import Remote
from lmcspec.store.remote_commit import File, RemoteCommit, RemoteDamage, check_recipe, read_remote_commit
from lmcspec.store.store import Store
from lmcspec.store.stored import DamagedError, Stored

NUMBERS = "NUMBERS"
"""What the COMMIT is called of an object whose outputs were dropped."""
LOOK_AGAIN = 0.1
"""Seconds between looks at what somebody else is fetching."""


class Source(Protocol):
    """Where objects come from: a folder at a URL, or an archive. Nothing that it says is believed."""

    @property
    def url(self) -> str:
        """What it is called."""
        ...

    def read(self, name: str, largest: int) -> bytes | None:
        """What is in a file of at most `largest` bytes; None if there is none. ValueError for a larger one."""
        ...

    def pieces(self, name: str, most: int) -> Iterator[bytes]:
        """The content of a file piece by piece, and no more than `most` bytes and a piece; FileNotFoundError."""
        ...


class Target(Protocol):
    """Where objects go to."""

    def size(self, name: str) -> int | None:
        """The bytes that a file has there; None if there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Put a file there."""
        ...

    def send(self, name: str, source: IO[bytes]) -> None:
        """Put an open file there."""
        ...


Sent = Literal["sent", "there", "other"]
"""`other`: another result of the same task is there."""
Fetched = Literal["fetched", "there", "missing"]


def remote_ids(remote: Remote) -> list[str]:
    """The ids that the URL lists, committed or not, in order."""
    shelves = [name for name in remote.names("objects") if len(name) == 2 and not name.strip("0123456789abcdef")]
    return [
        name
        for shelf in shelves
        for name in remote.names(f"objects/{shelf}")
        if layout.is_id(name) and name.startswith(shelf)
    ]


def send(store: Store, remote: Remote, identifier: str, *, anew: bool = False) -> Sent:
    """Copy a committed object to the URL, unless it is there. `anew`: whatever is there.

    Every file is compared with its digest as it goes; DamagedError, and no COMMIT there, where one differs.
    """
    stored = store.read(identifier)
    if stored is None:
        raise StoreError(f"object {ids.short(identifier)} is not in the store {store.root}")
    if stored.has_outputs:
        stored.out  # noqa: B018 (compares every file, and takes out what is damaged)
    whole = stored.has_outputs
    if not anew and (present := _present(remote, identifier, whole=whole)) is not None:
        return "there" if present.digest == stored.digest else "other"
    deliver(store, remote, stored, whole=whole, anew=anew)
    return "sent"


def deliver(store: Store, target: Target, stored: Stored, *, whole: bool, anew: bool = False) -> None:
    """Write an object to where objects travel, whole or its numbers alone; `anew`: also what has its size there."""
    content = layout.read_bytes(store.root, stored.path / layout.COMMIT)
    try:
        commit = read_remote_commit(content, stored.id, "hand")
    except RemoteDamage as error:
        raise DamagedError(stored.id, f"as it stands it would not be taken: {error.__cause__}") from error
    for file in (*(commit.outputs if whole else ()), *commit.beside):
        _send_file(store, target, stored, file, anew)
    target.write(_name(stored.id, layout.COMMIT if whole else NUMBERS), content)


def fetch(store: Store, remote: Source, identifier: str, *, numbers: bool = True) -> Fetched:
    """Copy an object from the URL into the store, unless it is there; every byte is compared with its digest.

    `numbers`: the numbers of an object are enough, there or in the store. RemoteDamage where what the URL has is not
    the object.
    """
    if (stored := store.find(identifier)) is not None and (stored.has_outputs or numbers):
        return "there"
    whole, content = True, _commit_text(remote, identifier, layout.COMMIT)
    if content is None and numbers:
        whole, content = False, _commit_text(remote, identifier, NUMBERS)
    if content is None:
        return "missing"
    commit = read_remote_commit(content, identifier, remote.url)
    need_space(store, sum(file.bytes for file in (*commit.beside, *(commit.outputs if whole else ()))))
    with layout.writing(store.root):
        attempt = open_attempt(store, identifier)
        try:
            _copy(store, remote, attempt, commit, whole=whole)
            attempt.publish(commit.digest)
        except BaseException:
            beneath.remove_tree(store.root, attempt.path)
            raise
        finally:
            attempt.forget()
        beneath.remove_tree(store.root, layout.partial_folder(store.root, identifier))
    return "fetched"


def bring(store: Store, remote: Remote, identifier: str, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Fetch an object with its outputs, once for all who want it in this store; whether it is there now."""
    while not stopping():
        if (stored := store.find(identifier)) is not None and stored.has_outputs:
            return True
        lease = take(store, identifier)
        if lease is not None:
            with lease:
                return fetch(store, remote, identifier, numbers=False) != "missing"
        time.sleep(LOOK_AGAIN)
    return False


def _commit_text(remote: Source, identifier: str, name: str) -> bytes | None:
    try:
        return remote.read(_name(identifier, name), documents.LARGEST)
    except ValueError as error:
        raise RemoteDamage(identifier, remote.url, f"its {layout.COMMIT}: {error}") from error


def _present(remote: Remote, identifier: str, *, whole: bool) -> RemoteCommit | None:
    """The object that the URL has, by its COMMIT; where that doesn't hold it has none."""
    for name in (layout.COMMIT,) if whole else (layout.COMMIT, NUMBERS):
        try:
            content = _commit_text(remote, identifier, name)
            if content is not None:
                return read_remote_commit(content, identifier, remote.url)
        except RemoteDamage:
            continue
    return None


def _send_file(store: Store, remote: Target, stored: Stored, file: File, anew: bool) -> None:
    target = _name(stored.id, file.sha256)
    with beneath.reading(store.root, stored.path / file.path) as source:
        same = hashlib.file_digest(source, "sha256").hexdigest() == file.sha256
        if not same or os.fstat(source.fileno()).st_size != file.bytes:
            raise DamagedError(stored.id, f"{file.path} is corrupt")
        if anew or remote.size(target) != file.bytes:
            remote.send(target, source)


def _copy(store: Store, remote: Source, attempt: Attempt, commit: RemoteCommit, *, whole: bool) -> None:
    """Fill the folder of an attempt with what the COMMIT lists, and that with the COMMIT, all synced."""
    root, folders = store.root, [attempt.path]
    for file in (*commit.beside, *(commit.outputs if whole else ())):
        path = attempt.path / file.path
        beneath.make_folders(root, path.parent)
        folders.extend(folder for folder in path.parents if folder.is_relative_to(attempt.out))
        _fetch_file(store, remote, attempt, file)
    check_recipe(layout.read_bytes(root, attempt.path / layout.TASK, largest=2**27), attempt.task, remote.url)
    if not whole:
        beneath.remove_empty(root, attempt.out)
        layout.write_json(root, attempt.path / layout.DROPPED, {"at": time.time()})
    for folder in sorted(set(folders), key=lambda folder: -len(folder.parts)):
        beneath.sync(root, folder)
    beneath.write(root, attempt.path / layout.COMMIT, commit.content, durable=True)
    beneath.sync(root, attempt.path)


def _fetch_file(store: Store, remote: Source, attempt: Attempt, file: File) -> None:
    path, digest, done = attempt.path / file.path, hashlib.sha256(), 0
    descriptor = beneath.open_file(store.root, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with os.fdopen(descriptor, "wb") as target:
        try:
            for piece in remote.pieces(_name(attempt.task, file.sha256), file.bytes):
                done += len(piece)
                if done > file.bytes:
                    break
                digest.update(piece)
                target.write(piece)
        except FileNotFoundError as error:
            raise RemoteDamage(attempt.task, remote.url, f"{file.path} is missing") from error
        target.flush()
        flush(target.fileno())
    if done != file.bytes or digest.hexdigest() != file.sha256:
        raise RemoteDamage(attempt.task, remote.url, f"{file.path} is corrupt")


def need_space(store: Store, size: int, what: str = "an object") -> None:
    """StoreError where the disk can't hold so many bytes more: better known before they are copied."""
    disk = os.statvfs(store.root)
    if size > disk.f_bavail * disk.f_frsize:
        raise StoreError(
            f"the store {store.root} has no room for {what} of {size:,} bytes",
            help="free some space, or move the store to a larger disk and name it with --store or LMCSPEC_STORE",
        )


def folder_of(identifier: str) -> str:
    """Where an object lies at a URL."""
    return f"objects/{layout.checked_id(identifier)[:2]}/{identifier}"


def _name(identifier: str, name: str) -> str:
    return f"{folder_of(identifier)}/{name}"
