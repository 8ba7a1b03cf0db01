"""Checkpoints of unfinished tasks to a URL and back, so that another machine can go on: `checkpoints/ab/<id>`.

Each is one file, which its successor replaces in one step. Like one in the store it counts for what it says of itself:
whoever goes on from it compares the task and the digest of its tensors, and begins anew where they don't fit.
"""

import contextlib
import os
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError
from lmcspec.store import layout
from lmcspec.store.lease import take
from lmcspec.store.remote import Remote
from lmcspec.store.store import Store
from lmcspec.tasks.checkpoint import CHECKPOINT
from lmcspec.tasks.checkpointed import done_in, done_of, length_of_head

EVERY = 60.0
"""Seconds between two checkpoints of a task that are sent, at least."""
SHARE = 20.0
"""And at least so many times what sending the last one took."""
LOOK = 1.0
"""Seconds between looks for a new one."""


def is_there(remote: Remote, identifier: str) -> bool:
    """Whether the URL has a checkpoint of a task."""
    return remote.size(_name(identifier)) is not None


def fetch_checkpoint(store: Store, remote: Remote, identifier: str) -> bool:
    """Have the URL's checkpoint of a task in the store if it is further than what is there; whether it was fetched."""
    name, folder = _name(identifier), layout.partial_folder(store.root, identifier)
    size = remote.size(name)
    if not size or size > _room(store):
        return False
    lease = take(store, identifier)
    if lease is None:
        return False  # somebody is at it here
    with lease, contextlib.closing(remote.pieces(name, size)) as pieces:
        try:
            beginning = _beginning(pieces)
            if done_of(beginning) <= done_in(store.root, folder):
                return False
            with layout.writing(store.root):
                _put(store, folder, chain([beginning], pieces))
        except FileNotFoundError:
            return False
    return True


def _beginning(pieces: Iterator[bytes]) -> bytes:
    """The head of a checkpoint, and some more."""
    held = b""
    while len(held) < length_of_head(held) and (piece := next(pieces, b"")):
        held += piece
    return held


def _put(store: Store, folder: Path, pieces: Iterable[bytes]) -> None:
    """Make these bytes the checkpoint in a folder, in one step."""
    beneath.make_folders(store.root, folder)
    draft = folder / f".{CHECKPOINT}.{uuid.uuid4().hex}.draft"
    try:
        descriptor = beneath.open_file(store.root, draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(descriptor, "wb") as target:
            for piece in pieces:
                target.write(piece)
        beneath.replace(store.root, draft, folder / CHECKPOINT)
    finally:
        beneath.remove(store.root, draft)


def send_checkpoint(store: Store, remote: Remote, identifier: str, over: threading.Event | None = None) -> bool:
    """Put the store's checkpoint of a task in the place of the URL's, unless it is `over` before; whether there is one.

    RemoteError where the URL can't be written to, or it was over.
    """
    try:
        with beneath.reading(store.root, layout.partial_folder(store.root, identifier) / CHECKPOINT) as source:
            remote.send(_name(identifier), source, over)
    except FileNotFoundError:
        return False
    return True


def forget_checkpoint(remote: Remote, identifier: str) -> None:
    """Delete what the URL has of a task that is done."""
    remote.delete(_name(identifier))


@contextlib.contextmanager
def sending(store: Store, remote: Remote, identifier: str) -> Iterator[list[bool]]:
    """Send the checkpoints that the task in the block writes, now and then; the list has an entry once one was sent.

    A URL that can't be written to just now stops no task, and none waits for what is being sent when it ends.
    """
    over, sent = threading.Event(), list[bool]()
    before = _mark(store, identifier)

    def watch() -> None:
        last, due = before, 0.0
        while not over.wait(LOOK):
            mark = _mark(store, identifier)
            if mark is None or mark == last or time.monotonic() < due:
                continue
            began = time.monotonic()
            with contextlib.suppress(StoreError, OSError):
                if send_checkpoint(store, remote, identifier, over):
                    sent.append(True)
            last, took = mark, time.monotonic() - began
            due = time.monotonic() + max(EVERY, SHARE * took)

    thread = threading.Thread(target=watch, name="lmcspec-checkpoints", daemon=True)
    thread.start()
    try:
        yield sent
    finally:
        over.set()
        thread.join()


def _mark(store: Store, identifier: str) -> tuple[int, int] | None:
    """What changes when the store's checkpoint of a task is replaced; None where there is none."""
    stat = beneath.look(store.root, layout.partial_folder(store.root, identifier) / CHECKPOINT)
    return (stat.st_ino, stat.st_mtime_ns) if stat else None


def _room(store: Store) -> int:
    disk = os.statvfs(store.root)
    return disk.f_bavail * disk.f_frsize


def _name(identifier: str) -> str:
    return f"checkpoints/{layout.checked_id(identifier)[:2]}/{identifier}"
