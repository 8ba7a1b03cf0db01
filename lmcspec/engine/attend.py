"""A thread that looks after the running tasks of a process: beats their leases, keeps their logs within bounds."""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence

from lmcspec.base.errors import StoreError
from lmcspec.engine.logs import Log
from lmcspec.store import BEAT, Lease

LOOK = 0.25
"""Seconds between two looks at the log."""


class Heartbeat:
    """One a process; its thread starts with the first task, so that a process may fork before."""

    def __init__(self, look: float = LOOK, beat: float = BEAT) -> None:
        self._look, self._beat = look, beat
        self._lock = threading.Lock()
        self._at_work = threading.Event()
        self._running: tuple[tuple[Lease, Log], ...] = ()
        self._beaten = 0.0
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def attending(self, running: Sequence[tuple[Lease, Log]]) -> Iterator[None]:
        """Look after these leases and logs until the block is left."""
        with self._lock:
            self._running, self._beaten = tuple(running), time.monotonic()
        self._at_work.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._attend, name="lmcspec-heartbeat", daemon=True)
            self._thread.start()
        try:
            yield
        finally:
            self._at_work.clear()
            with self._lock:
                self._running = ()

    def _attend(self) -> None:
        while True:
            self._at_work.wait()
            time.sleep(self._look)
            with self._lock:
                for _, log in self._running:
                    log.trim()
                if self._running and time.monotonic() - self._beaten >= self._beat:
                    self._beaten = time.monotonic()
                    for lease, _ in self._running:
                        # A lease that can't be written costs double work at worst; the task goes on.
                        with contextlib.suppress(OSError, StoreError):
                            lease.beat()


HEARTBEAT = Heartbeat()
"""This process's own."""
