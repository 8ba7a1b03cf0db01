"""The one writer: a thread that tells the tracking server about a store while workers work, and never stops them."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from lmcspec.plan import Plan
from lmcspec.store import Store, invocations
from lmcspec.track import kept, uris
from lmcspec.track.about import About, is_told
from lmcspec.track.evidence import glance
from lmcspec.track.examine import LEFT, judge
from lmcspec.track.ledger import Ledger
from lmcspec.track.reporter import Reporter
from lmcspec.track.server import Server
from lmcspec.track.settled import is_settled, reopened
from lmcspec.track.ship import Shipper, ids_of, is_over, is_refused, lags, studies
from lmcspec.track.troubles import BusyError, ChangedError, RefusedError, UnreachableError
from lmcspec.track.where import artifacts, is_own, ledger_path, shown

TICK = 0.5
"""Seconds between two passes while tasks are running."""

WAITS = (1.0, 30.0)
"""Seconds after which a server that did not answer is asked again: at first, and at most (it doubles)."""

BUSY = (1.0, 2.0, 4.0, 8.0)
"""Seconds after which `sync` asks a server again that is busy, whatever it asks for; then it gives up."""

ENOUGH = 10
"""Answers in between after which it may be busy anew."""

PATIENCE = 15.0
"""Seconds at the end of a run after which a server that was asked and has not answered is left alone."""


HOME = "home"
"""The note of the place for files of runs that the store's own database names."""


class Tracker:
    """Tells one server about one store."""

    def __init__(
        self,
        store: Store,
        uri: str,
        reporter: Reporter,
        waiting: Callable[[str], None] = lambda line: None,
        abouts: Mapping[str, About] = MappingProxyType({}),
    ) -> None:
        """`waiting` is told, in a line for people, of waits that take long; `abouts` is what studies say now."""
        self.store, self.uri, self._reporter, self._waiting = store, uri, reporter, waiting
        self._abouts = abouts
        self.trouble = ""
        """Why the server was not told everything; empty when it was."""
        self.untold = ""
        """What it will not take, however often it is told."""
        self.left: dict[str, str] = {}
        """Subject -> run of those that a person deleted there: they are left alone."""
        self.reopened: list[str] = []
        """Studies of which only a run of their spec can tell the rest."""
        self._answers = 0
        """Grows as long as the server answers."""
        self._asked_at: float | None = None
        """When the server was asked what it has not answered; None while there is work to do here."""

    @property
    def server(self) -> str:
        """The server's address, without a password."""
        return shown(self.uri)

    def unsent(self, plan: Plan | None = None) -> bool:
        """Whether there is anything to tell: of a plan and all runs, or of all runs. Loads nothing of MLflow.

        Asks the ledger, and MLflow's database where that is a file: what is no longer in it is to be told again. Only
        `sync` asks a server. Raises UnreachableError where the ledger can't be read.
        """
        with self._noting():
            path = ledger_path(self.store, self.uri)
            if not path.exists():
                return True
        with self._noting(), Ledger(path) as ledger:
            open_ones = [invocation for invocation in invocations(self.store) if not is_over(ledger, invocation)]
            # What was refused is tried again by `sync`, not with each run.
            if any(plan is None or not is_refused(ledger, invocation) for invocation in open_ones):
                return True
            if plan is not None and not all(is_settled(ledger, part, self.store) for part in plan.each):
                return True
            if plan is not None and not all(is_told(ledger, *of_study) for of_study in self._abouts.items()):
                return True
            if is_own(self.store, self.uri) and not kept.are_there(ledger.note(HOME), self.store):
                return True
            some = studies(self.store, ledger) if plan is None else [part.study for part in plan.each]
            return any(lags(self.store, ledger, study) for study in some) or self._lacks(ledger, some)

    def _lacks(self, ledger: Ledger, some: Iterable[str]) -> bool:
        """Whether MLflow's database, if it is a file, has not what the ledger says about these studies."""
        database = uris.database_file(self.uri)
        if database is None:
            return False
        for study in some:
            told = ids_of(self.store, study)
            known = set(ledger.known(study, told).values())
            finding = judge(ledger, study, told, glance(database, self.store, study, known))
            if finding.gone or any(not ledger.note(LEFT + subject) for subject in finding.deleted):
                return True
        return False

    def sync(self, plan: Plan | None = None) -> bool:
        """Send all that there is and that the server has not, and wait for it; whether there was anything.

        Raises UnreachableError where the server does not answer, or does not keep what it is told.
        """
        waits = iter(BUSY)
        answers, again = self._answers, False
        told: set[str] = set()
        while True:
            try:
                with self._writer(PATIENCE) as shipper:
                    shipper.studies_ever_told = told
                    shipper.examine()
                    shipper.catch_up()
                    shipper.all(finish=True)
                    if plan is not None:
                        self._settle(shipper, plan)
                    self._seal(shipper)
                    self.trouble = ""
                    return bool(told)
            except BusyError as error:
                if self._answers > answers + ENOUGH:
                    waits, answers = iter(BUSY), self._answers
                wait = next(waits, None)
                if wait is None:
                    raise
                self._waiting(f"{error}; trying again in {wait:.0f} s")
                time.sleep(wait)
            except ChangedError:
                if again:
                    raise
                again = True

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
        """Until the thread has sent everything, or was given no answer for too long.

        However long MLflow takes to load on a machine that has much to do, its server has not been asked yet.
        """
        begun = time.monotonic()
        told = False
        try:
            while thread.is_alive():
                thread.join(0.2)
                if not told and time.monotonic() - begun > 2:
                    say(f"sending the rest to MLflow at {self.server} (Ctrl-C leaves it to lmcspec sync)")
                    told = True
                asked_at = self._asked_at
                if asked_at is not None and time.monotonic() - max(begun, asked_at) > PATIENCE:
                    self.trouble = self.trouble or f"MLflow at {self.server} does not answer"
                    return
        except KeyboardInterrupt:
            self.trouble = f"not everything was sent to {self.server}"

    def _follow(self, plan: Plan, ended: threading.Event) -> None:
        wait, most = WAITS
        again = False
        while True:
            try:
                with self._writer(PATIENCE if ended.is_set() else WAITS[0]) as shipper:
                    shipper.examine(part.study for part in plan.each)
                    shipper.catch_up(part.study for part in plan.each)
                    while True:
                        last = ended.is_set()
                        over = shipper.all(finish=last)
                        self.trouble, wait = "", WAITS[0]
                        if last:
                            if over:
                                self._settle(shipper, plan)
                            self._seal(shipper)
                            return
                        ended.wait(TICK)
            except UnreachableError as error:
                self.trouble = str(error)
                if isinstance(error, ChangedError) and not again:
                    again = True
                    continue
                if ended.is_set():
                    return
                ended.wait(wait)
                wait = min(most, 2 * wait)
            except Exception as error:  # noqa: BLE001 (tracking never fails a run)
                self.trouble = f"tracking failed: {type(error).__name__}: {error}"
                return

    def _settle(self, shipper: Shipper, plan: Plan) -> None:
        for part in plan.each:
            try:
                shipper.settle(part)
            except RefusedError as error:
                self.untold = str(error)

    def _seal(self, shipper: Shipper) -> None:
        whole = shipper.seal()
        self.untold = shipper.untold or self.untold
        self.left, self.reopened = shipper.left, reopened(shipper.ledger)
        if not whole:
            raise ChangedError(f"MLflow at {self.server} does not keep what it is told")

    @contextlib.contextmanager
    def _writer(self, patience: float) -> Iterator[Shipper]:
        """The shipper of this store and server, of which there is one at a time: it tells about all invocations."""
        from filelock import FileLock, Timeout

        with self._noting():
            path = ledger_path(self.store, self.uri)
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(f"{path}.lock")
            try:
                lock.acquire(timeout=patience)
            except Timeout:
                raise UnreachableError(f"another process is at work telling {self.server} about this store") from None
            try:
                with Ledger(path) as ledger:
                    server = Server(self.uri, self.store, self._answered, self._waiting, self._asked)
                    if is_own(self.store, self.uri):
                        ledger.write(HOME, artifacts(self.store))
                    with contextlib.closing(server), ledger.committing(server.flush):
                        yield Shipper(self.store, server, ledger, self._reporter, self._abouts)
            finally:
                self._asked_at = None
                lock.release()

    def _asked(self) -> None:
        self._asked_at = time.monotonic()

    def _answered(self) -> None:
        self._asked_at = None
        self._answers += 1

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """What was told has to be noted down: a disk that refuses that is as good as a server that does not answer."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise UnreachableError(f"what {self.server} is told can't be noted in the store: {error}") from error
