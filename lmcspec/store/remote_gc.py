"""Objects of a URL deleted: their COMMITs first, so that each is there whole or is no object at any moment."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from lmcspec.store import layout
from lmcspec.store.remote import Remote
from lmcspec.store.remote_checkpoints import forget_checkpoint
from lmcspec.store.remote_objects import NUMBERS, folder_of

AT_ONCE = 8
"""Objects that are deleted at a time."""


def delete_objects(remote: Remote, identifiers: Iterable[str]) -> None:
    """Delete these objects and their tasks' checkpoints. RemoteError where that fails; what was deleted stays so."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="lmcspec-deleting") as pool:
        list(pool.map(partial(_delete, remote), identifiers))


def _delete(remote: Remote, identifier: str) -> None:
    folder = folder_of(identifier)
    for mark in (layout.COMMIT, NUMBERS):
        remote.delete(f"{folder}/{mark}")
    for name in remote.names(folder):
        remote.delete(f"{folder}/{name}")
    remote.delete_empty(folder)
    forget_checkpoint(remote, identifier)
