"""The one writer: a thread that tells the tracking server about a store while workers work, and never stops them."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator

from lmcspec.base.ids import digest
from lmcspec.plan import Plan
from lmcspec.store import Store, invocations
from lmcspec.track.ledger import Ledger
from lmcspec.track.reporter import Reporter
from lmcspec.track.server import Server, UnreachableError
from lmcspec.track.ship import Shipper, is_over
from lmcspec.track.where import ledger_path, shown

TICK = 0.5
"""Seconds between two passes while tasks are running."""

WAITS = (1.0, 30.0)
"""Seconds after which a server that did not answer is asked again: at first, and at most (it doubles)."""

PATIENCE = 15.0
"""Seconds at the end of a run after which a server that has not answered once is left alone."""


class Tracker:
    """Tells one server about one store."""

    def __init__(self, store: Store, uri: str, reporter: Reporter) -> None:
        self.store, self.uri, self._reporter = store, uri, reporter
        self.trouble = ""
        """Why the server was not told everything; empty when it was."""
        self._answers = 0
        """Grows as long as the server answers."""

    @property
    def server(self) -> str:
        """The server's address, without a password."""
        return shown(self.uri)

    def unsent(self, plan: Plan | None = None) -> bool:
        """Whether there is anything to tell. Asks the ledger only and loads nothing of MLflow.

        Raises UnreachableError where the ledger can't be read.
        """
        path = ledger_path(self.store, self.uri)
        if not path.exists():
            return True
        with self._noting(), Ledger(path) as ledger:
            if any(not is_over(ledger, one) for one in invocations(self.store)):
                return True
            return plan is not None and ledger.note(_settled(plan)) != _fingerprint(plan)

    def sync(self, plan: Plan | None = None) -> None:
        """Send all that there is now, and wait for it. Raises UnreachableError where the server does not answer."""
        with self._writer(PATIENCE) as shipper:
            shipper.all(finish=True)
            if plan is not None:
                self._settle(shipper, plan)

    @contextlib.contextmanager
    def following(self, plan: Plan, say: Callable[[str], None]) -> Iterator[None]:
        """Send in the background for as long as the block lasts, then what is left, unless the server fails."""
        ended = threading.Event()
        thread = threading.Thread(target=self._follow, args=(plan, ended), name="tracking", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            self._wait(thread, say)

    def _wait(self, thread: threading.Thread, say: Callable[[str], None]) -> None:
        """Until the thread has sent everything, or has got nowhere for too long."""
        begun = since = time.monotonic()
        answers, told = self._answers, False
        try:
            while thread.is_alive():
                thread.join(0.2)
                if not told and time.monotonic() - begun > 2:
                    say(f"sending the rest to MLflow at {self.server} (Ctrl-C leaves it to lmcspec sync)")
                    told = True
                if self._answers != answers:
                    answers, since = self._answers, time.monotonic()
                elif time.monotonic() - since > PATIENCE:
                    self.trouble = self.trouble or f"MLflow at {self.server} does not answer"
                    return
        except KeyboardInterrupt:
            self.trouble = f"not everything was sent to {self.server}"

    def _follow(self, plan: Plan, ended: threading.Event) -> None:
        wait, most = WAITS
        while True:
            try:
                with self._writer(PATIENCE if ended.is_set() else WAITS[0]) as shipper:
                    while True:
                        last = ended.is_set()
                        over = shipper.all(finish=last)
                        self.trouble, wait = "", WAITS[0]
                        if last:
                            if over:
                                self._settle(shipper, plan)
                            return
                        ended.wait(TICK)
            except UnreachableError as error:
                self.trouble = str(error)
                if ended.is_set():
                    return
                ended.wait(wait)
                wait = min(most, 2 * wait)
            except Exception as error:  # noqa: BLE001 (tracking never fails a run)
                self.trouble = f"tracking failed: {type(error).__name__}: {error}"
                return

    def _settle(self, shipper: Shipper, plan: Plan) -> None:
        shipper.settle(plan)
        shipper.ledger.write(_settled(plan), _fingerprint(plan))

    @contextlib.contextmanager
    def _writer(self, patience: float) -> Iterator[Shipper]:
        """The shipper of this store and server, of which there is one at a time: it tells about all invocations."""
        from filelock import FileLock, Timeout

        path = ledger_path(self.store, self.uri)
        with self._noting():
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(f"{path}.lock")
            try:
                lock.acquire(timeout=patience)
            except Timeout:
                raise UnreachableError(f"another process is at work telling {self.server} about this store") from None
            try:
                with Ledger(path) as ledger:
                    yield Shipper(self.store, Server(self.uri, self.store, self._answered), ledger, self._reporter)
            finally:
                lock.release()

    def _answered(self) -> None:
        self._answers += 1

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """What was told has to be noted down: a disk that refuses that is as good as a server that does not answer."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise UnreachableError(f"what {self.server} is told can't be noted in the store: {error}") from error


def _settled(plan: Plan) -> str:
    return f"settled/{plan.study}"


def _fingerprint(plan: Plan) -> str:
    """All that a plan asks for: where it is what was settled last, nothing is new."""
    return digest([[series.identity for series in plan.series], sorted({target.task for target in plan.targets})])
