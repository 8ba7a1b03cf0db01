"""Any runner whose workers have stores of their own: objects go to them and come back by a URL."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from lmcspec.base.errors import StoreError
from lmcspec.base.ids import short
from lmcspec.engine import failures
from lmcspec.engine.planned import PlannedTask
from lmcspec.engine.report import Report
from lmcspec.engine.runner import Lost, Particular, Passed, Ready, Reported, Returned, Runner, RunnerEvent, Slot
from lmcspec.store import Store
from lmcspec.store.remote import Remote
from lmcspec.store.remote_commit import RemoteDamage
from lmcspec.store.remote_objects import bring, send

AT_ONCE = 8
"""Objects that the driver copies at a time."""
SOON = 0.02
"""Seconds between looks at copies in progress."""


@dataclass(slots=True)
class _Order:
    """A task at a slot, or on its way there: it is handed on once what it needs is at the URL."""

    task: str
    payload: dict[str, Any]
    needs: tuple[Future[None], ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """What it starts from."""
        return tuple(dict.fromkeys(self.payload.get("inputs", {}).values()))

    @property
    def byproducts(self) -> tuple[str, ...]:
        """What it passes."""
        return tuple(entry["id"] for entry in self.payload.get("byproducts", ()))

    @property
    def forced(self) -> bool:
        """Whether it is made again, whatever there is of it."""
        return self.payload["objects"]["forced"]


class ExchangingRunner:
    """A runner between the driver's store and workers that see another one.

    Before a task is handed on, the inputs that only the driver's store has are sent to the URL. What a worker reports
    is told once it has been fetched into the driver's store. Tasks that are `forced` are made again, wherever they are.
    """

    def __init__(self, runner: Runner, url: str, forced: Collection[str] = ()) -> None:
        self._runner, self._url, self._forced = runner, url, set(forced)
        self._remote = Remote.at(url)
        self._store: Store | None = None
        self._known: dict[str, Future[None]] = {}
        """Objects that are at the URL, or on their way there."""
        self._suspect: set[str] = set()
        """Objects of which what the URL has turned out to be damaged: sent again, whatever is there."""
        self._waiting: dict[int, _Order] = {}
        self._orders: dict[int, _Order] = {}
        """By slot: what was handed on."""
        self._happened: deque[tuple[RunnerEvent, Future[None] | None]] = deque()
        self._pool: ThreadPoolExecutor | None = None
        self._stopping = False

    @property
    def slots(self) -> tuple[Slot, ...]:
        return self._runner.slots

    def refuse(self, tasks: Iterable[PlannedTask]) -> None:
        """BlockedError where the runner within can't do a task."""
        if isinstance(self._runner, Particular):
            self._runner.refuse(tasks)

    def start(self) -> None:
        self._pool = self._pool or ThreadPoolExecutor(AT_ONCE, thread_name_prefix="lmcspec-exchange")
        self._runner.start()

    def submit(self, store: Store, task: str, payload: dict[str, Any], slot: int) -> int:
        self._store = store
        wishes = {
            "url": self._url,
            "forced": task in self._forced,
            "resend": task in self._suspect,
            "digests": _digests(store, payload.get("inputs", {}).values()),
        }
        order = _Order(task, {**payload, "objects": wishes}, ())
        order.needs = tuple(self._sent(store, source) for source in order.inputs)
        if all(future.done() and not future.exception() for future in order.needs):
            self._orders[slot] = order
            return self._runner.submit(store, task, order.payload, slot)
        self._waiting[slot] = order
        return 0

    def poll(self, timeout: float) -> list[RunnerEvent]:
        self._hand_on()
        copying = bool(self._waiting or self._happened)
        for event in self._runner.poll(min(timeout, SOON) if copying else timeout):
            self._happened.append((event, self._fetched(event)))
            if isinstance(event, Lost) and self._waiting.pop(event.slot, None):
                self._happened.append((Returned(event.slot), None))
        return self._told()

    def carries(self, slot: int) -> bool:
        """Whether inputs of the slot's task are on their way to the URL, or its results from there."""
        return slot in self._waiting or any(event.slot == slot for event, _ in self._happened)

    def end(self, slot: int) -> None:
        self._runner.end(slot)

    def stop(self) -> None:
        self._stopping = True
        self._runner.stop()

    def kill(self) -> None:
        self._stopping = True
        self._runner.kill()

    def close(self) -> None:
        self._runner.close()
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        self._waiting.clear()
        self._orders.clear()
        self._happened.clear()
        # What was on its way may not have come there.
        self._known = {name: future for name, future in self._known.items() if future.done() and not future.cancelled()}

    @property
    def _copying(self) -> ThreadPoolExecutor:
        assert self._pool
        return self._pool

    def _sent(self, store: Store, identifier: str) -> Future[None]:
        """When this object is at the URL, as far as the driver's store has it."""
        future = self._known.get(identifier)
        if future is None or (future.done() and future.exception()) or identifier in self._suspect:
            anew = identifier in self._suspect
            self._suspect.discard(identifier)
            future = self._known[identifier] = self._copying.submit(self._send, store, identifier, anew)
        return future

    def _send(self, store: Store, identifier: str, anew: bool) -> None:
        stored = store.find(identifier)
        if stored is not None and stored.has_outputs:
            send(store, self._remote, identifier, anew=anew)

    def _hand_on(self) -> None:
        for slot, order in tuple(self._waiting.items()):
            if not self._stopping and not all(future.done() for future in order.needs):
                continue
            del self._waiting[slot]
            assert self._store
            done = [future for future in order.needs if future.done()]
            error = next(filter(None, (future.exception() for future in done)), None)
            if self._stopping or error is not None:
                report = self._failed(error) if error is not None else Report("interrupted", 0.0)
                self._happened.extend([(Reported(slot, report), None), (Ready(slot, 0), None)])
            else:
                self._orders[slot] = order
                self._runner.submit(self._store, order.task, order.payload, slot)

    def _fetched(self, event: RunnerEvent) -> Future[None] | None:
        """When what an event tells of is in the driver's store; None if there is nothing to fetch."""
        order = self._orders.get(event.slot)
        if order is None:
            return None
        match event:
            case Passed(byproduct=byproduct):
                return self._copying.submit(self._fetch, (byproduct,))
            case Lost(task=True) if not order.forced:
                # It may have come so far all the same. Of what is forced the URL may have what was there before.
                return self._copying.submit(self._fetch, (), (order.task,))
            case Reported(report=report) if report.status in ("done", "reused"):
                return self._copying.submit(self._fetch, (*report.byproducts, order.task), order.byproducts)
        return None

    def _fetch(self, needed: Sequence[str], others: Sequence[str] = ()) -> None:
        """Have these objects in the driver's store, the others only if they are at the URL."""
        assert self._store
        for identifier in dict.fromkeys((*others, *needed)):
            try:
                there = bring(self._store, self._remote, identifier)
            except RemoteDamage:
                self._suspect.add(identifier)
                raise
            if not there and identifier in needed:
                raise StoreError(
                    f"object {short(identifier)} was reported and is not at {self._remote.url}",
                    help="run the same command again: what is missing is made again",
                )

    def _told(self) -> list[RunnerEvent]:
        """What has happened and is fetched, in order; for each slot nothing that came after what is on its way."""
        told: list[RunnerEvent] = []
        held: set[int] = set()
        left: deque[tuple[RunnerEvent, Future[None] | None]] = deque()
        for event, future in self._happened:
            if event.slot in held or (future is not None and not future.done()):
                held.add(event.slot)
                left.append((event, future))
            else:
                told.extend(self._outcome(event, future.exception() if future else None))
        self._happened = left
        return told

    def _outcome(self, event: RunnerEvent, error: BaseException | None) -> Iterable[RunnerEvent]:
        order = self._orders.get(event.slot)
        if isinstance(event, Passed):
            if error is not None:
                return ()
            self._known[event.byproduct] = _done()
        if isinstance(event, Lost | Reported):
            self._orders.pop(event.slot, None)
        if isinstance(event, Reported) and order is not None:
            if error is not None:
                return (replace(event, report=self._failed(error)),)
            if event.report.failure is not None and event.report.failure.reason == "damaged":
                # An input at the URL is not what it was; ours takes its place.
                self._suspect.update(order.inputs)
            elif event.report.status in ("done", "reused"):
                self._forced.discard(order.task)
                self._suspect.discard(order.task)
                self._known[order.task] = _done()
        return (event,)

    def _failed(self, error: BaseException) -> Report:
        assert self._store
        failure = failures.describe(error, None, self._store.root)
        if isinstance(error, RemoteDamage):
            failure = replace(failure, reason="damaged")
        return Report("failed", 0.0, failure=failure)


def fetch_what_is_there(url: str, store: Store, wanted: Callable[[], Iterable[str]]) -> int:
    """Fetch what of a plan's work the URL has, until nothing more of it is there; how many objects.

    `wanted` tells what is still to be done with what the store has by then.
    """
    from lmcspec.store.remote_copies import fetch_all

    remote, fetched, tried = Remote.at(url), 0, set[str]()
    while missing := [identifier for identifier in wanted() if identifier not in tried]:
        tried.update(missing)
        fetched += len(fetch_all(store, remote, missing).copied)
    return fetched


def _digests(store: Store, objects: Iterable[str]) -> dict[str, str]:
    """Id -> digest of the result that the driver's store has, of those that are there."""
    there = ((identifier, store.find(identifier)) for identifier in objects)
    return {identifier: stored.digest for identifier, stored in there if stored is not None}


def _done() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future
