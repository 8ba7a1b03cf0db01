"""Whether anything is at work in a store, for those who delete what they take for unneeded."""

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator

from lmcspec.base import beneath, ids
from lmcspec.base.errors import StoreError
from lmcspec.store import layout
from lmcspec.store.drivers import FILE, Driver, driving
from lmcspec.store.invocations import invocations
from lmcspec.store.lease import PATIENCE, Clock, holder, is_dead
from lmcspec.store.process import is_gone, read_process
from lmcspec.store.store import Store

TICK = 0.2
"""Seconds between two looks at leases that may be dead."""
MOST = PATIENCE + 30
"""Seconds after which a lease that still beats is held by somebody who lives."""


class AtWorkError(StoreError):
    """Something is at work in the store."""


def is_at_work(store: Store) -> str:
    """What is at work in the store as far as can be told without waiting, in words; empty if nothing is."""
    with driving(store) as driver, driver.alone() as alone:
        if not alone and driver.has_lock:
            return _runs(store)
    held = _held(store, time.monotonic)
    return _worker(store, held[0]) if held else ""


@contextlib.contextmanager
def undisturbed(
    store: Store,
    say: Callable[[str], None] = lambda line: None,
    clock: Clock = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Driver]:
    """Nothing else is at work in the store for as long as the block lasts: runs that begin meanwhile wait.

    Raises AtWorkError where something is, or where that can't be told. A lease that a dead machine may have left is
    watched for 90 s, which `say` is told.
    """
    with driving(store) as driver:
        if not driver.has_lock:
            _raise_unlocked(store)
        with driver.alone() as alone:
            if not alone:
                raise AtWorkError(
                    f"{_runs(store)} in the store {store.root}, and may need anything in it",
                    help="wait for it to end, or interrupt it: what is committed stays",
                )
            _await_leases(store, say, clock, sleep)
            yield driver


def _await_leases(store: Store, say: Callable[[str], None], clock: Clock, sleep: Callable[[float], None]) -> None:
    begun, told = clock(), False
    while held := _held(store, clock):
        if not told:
            say(f"{_worker(store, held[0])}; its beat is watched for {PATIENCE:.0f} s")
            told = True
        if clock() - begun > MOST:
            raise AtWorkError(
                f"{_worker(store, held[0])} in the store {store.root}",
                help="wait for it to end: what it is at may need anything in the store",
            )
        sleep(TICK)


def _held(store: Store, clock: Clock) -> list[str]:
    """Tasks with a lease whose holder lives, or may live."""
    names = beneath.names(store.root, store.root / "leases")
    tasks = (name.removesuffix(".json") for name in names if name.endswith(".json"))
    return [task for task in tasks if layout.is_id(task) and not is_dead(store, task, clock)]


def _worker(store: Store, task: str) -> str:
    held = holder(store, task)
    who = f"process {held.process.pid} on {held.process.host}" if held else "somebody"
    return f"{who} is at work on {ids.short(task)}"


def _runs(store: Store) -> str:
    """The runs that live for sure, in words; a run at least, for there is a driver."""
    alive = []
    for invocation in invocations(store):
        with contextlib.suppress(ValueError):
            if is_gone(process := read_process(invocation.process)) is False:
                alive.append(f"{invocation.study} (process {process.pid} on {process.host})")
    several = len(alive) > 1
    return (
        f"{'runs' if several else 'a run'} of {', '.join(alive)} {'are' if several else 'is'} at work"
        if alive
        else ("another process is at work")
    )


def _raise_unlocked(store: Store) -> None:
    """Say why nobody can tell whether a run is at work."""
    with layout.writing(store.root):
        try:
            os.close(beneath.open_file(store.root, store.root / FILE, os.O_RDWR | os.O_CREAT))
        except OSError as error:
            if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT):
                raise
            raise StoreError(f"{store.root / FILE} can't be opened: {error}", help="move that away") from error
    raise AtWorkError(
        f"the disk of the store {store.root} has no locks, so that nobody knows whether a run is at work in it",
        help="do it on the machine whose disk that is, or move the store to a disk with locks and back",
    )
