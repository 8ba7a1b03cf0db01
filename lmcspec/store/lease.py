"""Leases: who is at work on an object. They save double work; nothing is wrong if two workers hold one at once."""

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

from lmcspec.base import beneath, faults
from lmcspec.store import layout, shapes
from lmcspec.store.process import Process, is_gone, read_process, this_process
from lmcspec.store.store import Store

PATIENCE = 90.0
"""Seconds for which another host's beat must stand still before its lease is taken over."""

BEAT = 15.0
"""Seconds between beats that leave room for several to be lost."""

Clock = Callable[[], float]


class Holder(NamedTuple):
    """What a lease says: the process that holds it, under which attempt, and how often it has beaten."""

    process: Process
    attempt: str
    beat: int


@dataclass(slots=True)
class Lease:
    """A lease held by this process; made by `take`."""

    store: Store
    task: str
    attempt: str
    """Names this holding of it, and the attempt made under it."""
    count: int = 0

    def beat(self) -> bool:
        """Show other hosts that the holder lives; False if the lease has been taken over or removed."""
        with layout.writing(self.store.root), _alone(self.store):
            if not self._mine():
                return False
            self.count += 1
            _replace(self.store, self.task, self.attempt, self.count)
            return True

    def release(self) -> None:
        """Give it back. Does nothing if it is no longer ours."""
        with layout.writing(self.store.root), _alone(self.store):
            if self._mine():
                beneath.remove(self.store.root, layout.lease_file(self.store.root, self.task))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _mine(self) -> bool:
        held = holder(self.store, self.task)
        return held is not None and held.attempt == self.attempt


def take(store: Store, task: str, clock: Clock = time.monotonic) -> Lease | None:
    """Take the lease of a task, a dead holder's too; None if a living one, or one that may live, holds it."""
    lease = Lease(store, task, layout.new_name())
    root, path = store.root, layout.lease_file(store.root, task)
    with layout.writing(root):
        beneath.refuse_foreign(root, path, "a file")
        if not layout.create_json(root, path, _document(task, lease.attempt, 0)):
            if not is_dead(store, task, clock):
                return None
            with _alone(store):
                # Looked at again, now that nobody else can take it over: it may have been, a moment ago.
                if not is_dead(store, task, clock):
                    return None
                if beneath.is_file(root, path):
                    _replace(store, task, lease.attempt, 0)
                elif not layout.create_json(root, path, _document(task, lease.attempt, 0)):
                    return None
    store.watched.pop(task, None)
    faults.reach("lease.taken")
    return lease


def holder(store: Store, task: str) -> Holder | None:
    """Who holds the lease, dead or alive; None if it is free (or its file unreadable)."""
    try:
        document = layout.read_json(store.root, layout.lease_file(store.root, task), shapes.Held)
        return Holder(read_process(document), str(document["attempt"]), int(document["beat"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_dead(store: Store, task: str, clock: Clock = time.monotonic) -> bool:
    """Whether nobody alive holds the lease: it is free, its process is gone, or its beat stood still for too long.

    For other hosts it takes two looks at the same beat from this `store`, 90 s apart by this process's clock: clocks
    of different hosts are never compared.
    """
    held = holder(store, task)
    if held is None:
        if not beneath.look(store.root, layout.lease_file(store.root, task)):
            store.watched.pop(task, None)
            return True
        # Unreadable: either being written this very moment or damaged. Time will tell.
        attempt, beat = "", 0
    else:
        gone = is_gone(held.process)
        if gone is not None:
            return gone
        attempt, beat = held.attempt, held.beat
    now = clock()
    before = store.watched.get(task)
    if before is None or before[:2] != (attempt, beat):
        store.watched[task] = (attempt, beat, now)
        return False
    return now - before[2] >= PATIENCE


def clear_dead(store: Store, task: str, clock: Clock = time.monotonic) -> bool:
    """Remove the lease if its holder is dead; whether there was one to remove."""
    path = layout.lease_file(store.root, task)
    with layout.writing(store.root), _alone(store):
        if not beneath.is_file(store.root, path) or not is_dead(store, task, clock):
            return False
        beneath.remove(store.root, path)
        return True


def _document(task: str, attempt: str, beat: int) -> dict[str, Any]:
    return {"task": task, **asdict(this_process()), "attempt": attempt, "beat": beat}


def _replace(store: Store, task: str, attempt: str, beat: int) -> None:
    path = layout.lease_file(store.root, task)
    layout.replace_json(store.root, path, _document(task, attempt, beat), durable=False)


@contextlib.contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Hold the store's one lock for a moment. The kernel drops it with its holder; where there is none, go on."""
    import fcntl

    lock = beneath.open_file(store.root, store.root / "leases" / ".lock", os.O_RDWR | os.O_CREAT)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL):
                raise
        yield
    finally:
        os.close(lock)
