"""Workers on a Ray cluster: for each slot an actor, which holds a worker process as `local` does. Ray only places them.

The scheduler, retries and all that is kept are ours: actors and their calls are never retried by Ray, and what travels
are orders and events of a few kilobytes. An actor that is gone, with its node or alone, is one lost worker; another one
is asked for at once, and its slot opens again as soon as Ray has found it a place.
"""

import contextlib
import json
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lmcspec.base.documents import DocumentError
from lmcspec.base.errors import BlockedError
from lmcspec.base.visible import one_line
from lmcspec.catalog.runners.ray import Ray
from lmcspec.engine import messages
from lmcspec.engine.devices import Device, Host
from lmcspec.engine.runner import Lost, Passed, Progressed, Ready, Reported, RunnerEvent, Slot
from lmcspec.store import Store, layout
from lmcspec_runners.ray_cluster import (
    Cluster,
    Facts,
    Node,
    capacity,
    connected,
    differences,
    facts_of,
    read_facts,
    refuse_infeasible,
    refuse_skew,
)
from lmcspec_runners.ray_slot import RaySlot, node_facts

LISTEN = 1.0
"""Seconds that a call waits for news of a task."""
TRIES = 4
"""Actors of a slot in a row that may end before their worker is ready."""
ALONE = 60.0
"""Seconds without any worker after which a line says what is waited for."""
LONGEST_WHY = 300

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Seat:
    """The actor of a slot, or that there is none any more."""

    actor: Any = None
    reference: Any = None
    """Of the call that is out, if one is."""
    watch: Any = None
    """Of a call that ends with the actor only: so that is noticed between tasks, too."""
    host: str = ""
    """Empty until its node has said what it is like."""
    ready: bool = False
    """Whether its worker was ready once."""
    busy: bool = False
    attempt: str = ""
    byproducts: frozenset[str] = frozenset()
    stop_said: bool = False
    tries: int = 0


class RayRunner:
    """Slots of a cluster. What can't be done there is refused before anything starts, in `__init__`."""

    def __init__(self, config: Ray | None = None, cluster: Cluster | None = None) -> None:
        self._config = config or Ray()
        self._cluster = cluster or connected(self._config.address, self._config.workers)
        try:
            nodes = self._cluster.nodes()
            self._gpus = capacity(nodes, gpus=True) > 0
            count = refuse_infeasible(nodes, self._gpus, self._config.workers)
            self._here = node_facts()
            facts = facts_of(self._cluster, nodes)
            if not self._config.allow_skew:
                refuse_skew(facts, self._here, processors=not self._gpus)
        except BaseException:
            self._cluster.close()
            raise
        self._processor = next(iter(facts.values()))["cpu"]
        self.slots: tuple[Slot, ...] = tuple(Slot(_device(number, self._gpus)) for number in range(count))
        self._seats = [_Seat() for _ in self.slots]
        self._store: Store | None = None
        self._stopping = self._killing = False
        self._alone_since = time.monotonic()
        self._started = self._closed = False

    def start(self) -> None:
        if self._started:
            return
        if self._closed:
            # A run that mends damage begins anew; without a connection Ray would start a cluster of another kind.
            self._cluster = connected(self._config.address, self._config.workers)
        self._started, self._closed = True, False
        for slot in range(len(self.slots)):
            self._seat(slot, 0)

    def submit(self, store: Store, task: str, payload: dict[str, Any], slot: int) -> int:
        seat, self._store = self._seats[slot], store
        assert seat.actor and seat.ready and not seat.busy and seat.reference is None
        seat.busy, seat.attempt, seat.stop_said = True, "", False
        seat.byproducts = frozenset(entry["id"] for entry in payload.get("byproducts", ()))
        folder = self._config.node_store if self._config.objects else ""
        where = {"store": folder or str(store.root), "id": store.id, "own": bool(folder), "trusted": store.trusted}
        order = json.dumps({**where, "task": task, "payload": payload}).encode()
        seat.reference = seat.actor.work.remote(order, LISTEN)
        return 0

    def poll(self, timeout: float) -> list[RunnerEvent]:
        self._pass_on_stop()
        slots = {
            reference: slot
            for slot, seat in enumerate(self._seats)
            for reference in (seat.reference, seat.watch)
            if reference is not None
        }
        if not slots:
            time.sleep(timeout)
            return []
        self._cluster.ray.wait([*slots], num_returns=1, timeout=timeout)
        done, _ = self._cluster.ray.wait([*slots], num_returns=len(slots), timeout=0)
        happened: list[RunnerEvent] = []
        for reference in done:
            seat = self._seats[slots[reference]]
            # The other one of a seat's two may have told already that its actor is gone.
            if reference in (seat.reference, seat.watch):
                self._hear(slots[reference], reference, happened)
        self._tell_if_alone()
        return happened

    def end(self, slot: int) -> None:
        if (actor := self._seats[slot].actor) is not None:
            with contextlib.suppress(Exception):
                self._cluster.ray.kill(actor)

    def stop(self) -> None:
        self._stopping = True

    def kill(self) -> None:
        self._killing = True

    def close(self) -> None:
        for seat in self._seats:
            if seat.actor is not None:
                with contextlib.suppress(Exception):
                    self._cluster.ray.kill(seat.actor)
                seat.actor = seat.reference = seat.watch = None
        self._started, self._closed = False, True
        self._cluster.close()

    def _seat(self, slot: int, tries: int) -> None:
        """Ask Ray for the actor of a slot; it waits there until a node has room."""
        ray = self._cluster.ray
        kind = ray.remote(
            num_cpus=1,
            num_gpus=1 if self._gpus else 0,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=1,
            # In groups of their own these are heard while another call waits for news.
            concurrency_groups={"stop": 1, "watch": 1},
            scheduling_strategy="SPREAD",
        )(_actor_class(ray))
        actor = kind.remote("gpu" if self._gpus else "cpu")
        self._seats[slot] = _Seat(actor, actor.begin.remote(), actor.watch.remote(), tries=tries)

    def _hear(self, slot: int, reference: Any, happened: list[RunnerEvent]) -> None:
        seat = self._seats[slot]
        watched = reference is seat.watch
        if not watched:
            seat.reference = None
        try:
            answer = self._cluster.ray.get(reference)
            if watched:
                raise DocumentError("what a worker said", "is its end")
            if not seat.host:
                self._begun(slot, answer)
                return
            heard = messages.decode(answer, slot, seat.byproducts)
        except DocumentError as error:
            self._lose(slot, str(error), happened)
            return
        except BlockedError:
            raise
        except Exception as error:  # noqa: BLE001 (Ray has dozens, and they mean that the actor is gone)
            self._lose(slot, _why(error), happened)
            return
        if heard.trouble:
            raise BlockedError(heard.trouble["message"], help=heard.trouble["help"])
        seat.attempt = self._attempt_here(heard.attempt) or seat.attempt
        self._take_in(slot, heard.events, happened)

    def _take_in(self, slot: int, events: tuple[RunnerEvent, ...], happened: list[RunnerEvent]) -> None:
        seat = self._seats[slot]
        for event in events:
            if isinstance(event, Lost):
                event = replace(event, attempt=self._attempt_here(event.attempt))
            if isinstance(event, Passed | Progressed | Reported) and not seat.busy:
                self._lose(slot, "it spoke of a task that it does not have", happened)
                return
            if isinstance(event, Lost | Reported):
                seat.busy, seat.attempt = False, ""
            happened.append(event)
        if events and isinstance(events[-1], Ready) and not seat.busy:
            seat.ready, seat.tries = True, 0
            return
        seat.reference = seat.actor.listen.remote(LISTEN)

    def _begun(self, slot: int, answer: Any) -> None:
        """An actor has begun on some node, which may have joined the cluster since."""
        seat = self._seats[slot]
        facts = _facts_or_trouble(answer, slot)
        if not self._config.allow_skew and (skew := self._skew(facts)):
            _log.warning("%s joined the cluster and is not alike: %s; its slot stays closed", facts["host"], skew)
            self._cluster.ray.kill(seat.actor)
            seat.actor = seat.watch = None
            return
        seat.host = facts["host"]
        seat.reference = seat.actor.listen.remote(LISTEN)

    def _skew(self, facts: Facts) -> str:
        here = {**self._here, "cpu": self._processor}
        known = {Node("", facts["host"], 0, 0): facts}
        skew = [*differences(known, here, processors=False)]
        if not self._gpus and facts["cpu"] != self._processor:
            skew.append(f"its processor is {facts['cpu']}, those of the others {self._processor}")
        return "; ".join(skew)

    def _attempt_here(self, attempt: str) -> str:
        """The folder of an attempt by its names, in the driver's store; empty where they name none, or none of its."""
        task, name = ("", "", *Path(attempt).parts)[-2:]
        if self._config.objects or self._store is None or not (layout.is_id(task) and layout.is_attempt(name)):
            return ""
        return str(layout.attempt_folder(self._store.root, task, name))

    def _lose(self, slot: int, why: str, happened: list[RunnerEvent]) -> None:
        """An actor is gone, or says what it shouldn't and has to go."""
        seat = self._seats[slot]
        with contextlib.suppress(Exception):
            self._cluster.ray.kill(seat.actor)
        told = f"{seat.host}: {why}" if seat.host else why
        happened.append(Lost(slot, seat.busy, told, seat.attempt))
        if self._stopping or self._killing:
            self._seats[slot] = _Seat()
            return
        if seat.tries >= TRIES:
            raise BlockedError(
                f"{TRIES} workers in a row ended before they were ready, the last with: {told}",
                help="see the logs of Ray on that node; `lmcspec run SPEC --runner local` works without a cluster",
            )
        self._seat(slot, seat.tries + 1)

    def _pass_on_stop(self) -> None:
        for seat in self._seats:
            if not seat.busy or seat.actor is None:
                continue
            if self._killing:
                with contextlib.suppress(Exception):
                    self._cluster.ray.kill(seat.actor)
            elif self._stopping and not seat.stop_said:
                seat.stop_said = True
                with contextlib.suppress(Exception):
                    seat.actor.stop.remote()

    def _tell_if_alone(self) -> None:
        now = time.monotonic()
        if any(seat.ready for seat in self._seats):
            self._alone_since = now
        elif now - self._alone_since > ALONE:
            self._alone_since = now
            _log.warning("no worker for %.0f s: Ray has no room for any slot, or its nodes are gone; waiting", ALONE)


def _device(slot: int, is_gpu: bool) -> Device:
    """The device of a slot: one of its own, on some host that Ray will choose."""
    place = Host(f"slot {slot}")
    return Device(f"gpu {slot}", "gpu", host=place) if is_gpu else Device("cpu", host=place)


def _actor_class(ray: Any) -> type:
    class LmcspecSlot(RaySlot):
        def __init__(self, device: str) -> None:
            super().__init__(device, ray.get_runtime_context().get_node_id())

        stop = ray.method(concurrency_group="stop")(RaySlot.stop)
        watch = ray.method(concurrency_group="watch")(RaySlot.watch)

    return LmcspecSlot


def _facts_or_trouble(answer: Any, slot: int) -> Facts:
    try:
        return read_facts(answer)
    except DocumentError:
        trouble = messages.decode(answer, slot).trouble
        if trouble is None:
            raise
        raise BlockedError(trouble["message"], help=trouble["help"]) from None


def _why(error: Exception) -> str:
    """Of Ray's many lines those that say what became of an actor."""
    text = str(error)
    told = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("\t")]
    node = "node" in text.lower() and ("died" in text.lower() or "terminated" in text.lower())
    what = "its node is gone" if node else "its process is gone"
    return f"{what}: {one_line(' '.join(told[1:] or told))[:LONGEST_WHY]}"
