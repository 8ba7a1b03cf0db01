"""Who drives work in a store: every driver holds a shared lock on one file, so that each can tell if it is alone.

A lock of the kernel's: it goes with its process, however that ends. Where the file system has none, nobody is alone.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from lmcspec.base import beneath
from lmcspec.store.store import Store

FILE = "drivers.lock"


class Driver:
    """The shared lock of one driver that is at work in a store; None where the file system has no locks."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    @property
    def has_lock(self) -> bool:
        """Whether anything can be told of others: the file system has locks."""
        return self._descriptor is not None

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether no other driver is at work in the store; none can begin as long as the block lasts."""
        if self._descriptor is None:
            yield False
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except OSError:
            free = False
        try:
            yield free
        finally:
            # A refused change of a lock may have lost the old one.
            with contextlib.suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_SH)


@contextlib.contextmanager
def driving(store: Store) -> Iterator[Driver]:
    """Be one of the store's drivers for as long as the block lasts."""
    try:
        descriptor = beneath.open_file(store.root, store.root / FILE, os.O_RDWR | os.O_CREAT)
    except OSError:
        yield Driver(None)
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        except OSError:
            yield Driver(None)
            return
        yield Driver(descriptor)
    finally:
        os.close(descriptor)
