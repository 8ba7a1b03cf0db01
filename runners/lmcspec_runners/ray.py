"""Workers on a Ray cluster: for each slot an actor, which holds a worker process as `local` does. Ray only places them.

The scheduler, retries and all that is kept are ours: actors and their calls are never retried by Ray, and what travels
are orders and events of a few kilobytes. An actor that is gone, with its node or alone, is one lost worker; another one
is asked for at once, and its slot opens again as soon as Ray has found it a place.
"""

import contextlib
import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lmcspec.base.documents import DocumentError
from lmcspec.base.errors import BlockedError
from lmcspec.catalog.runners.ray import Ray
from lmcspec.engine import messages
from lmcspec.engine.devices import Device
from lmcspec.engine.planned import PlannedTask
from lmcspec.engine.runner import Closed, Lost, Moved, Passed, Progressed, Ready, Reported, RunnerEvent, Slot
from lmcspec.store import Store, layout
from lmcspec_runners.ray_cluster import Cluster, Node, connected
from lmcspec_runners.ray_facts import Facts, node_facts
from lmcspec_runners.ray_nodes import ALIKE, SAID, Computing, differences, facts_of, refuse_skew, usual
from lmcspec_runners.ray_places import NoGpuError, SlotPlace, moved, named, places, refuse_tasks, wish
from lmcspec_runners.ray_seat import Seat, facts_or_trouble, seated, why_gone

LISTEN = 1.0
"""Seconds that a call waits for news of a task."""
TRIES = 4
"""Actors of a slot in a row that may end before their worker is ready."""
ALONE = 60.0
"""Seconds without any worker after which a line says what is waited for."""

_log = logging.getLogger(__name__)


class RayRunner:
    """Slots of a cluster. What can't be done there is refused before anything starts, in `__init__`."""

    joins = True

    def __init__(self, config: Ray | None = None, cluster: Cluster | None = None) -> None:
        self._config = config or Ray()
        wish(self._config.workers, self._config.devices)
        self._cluster = cluster or connected(self._config.address, self._config.workers)
        self._missing: NoGpuError | None = None
        self._here = node_facts()
        try:
            self._places, facts = self._found()
            self._usual: dict[Computing, str] = {}
            if not self._config.allow_skew:
                self._refuse_skew(facts)
        except BaseException:
            self._cluster.close()
            raise
        self.slots: tuple[Slot, ...] = tuple(Slot(place.device(facts[place.node])) for place in self._places)
        self._seats = [Seat() for _ in self.slots]
        self._store: Store | None = None
        self._stopping = self._killing = False
        self._alone_since = time.monotonic()
        self._started = self._closed = False

    def refuse(self, tasks: Iterable[PlannedTask]) -> None:
        """BlockedError, with their names, where there are tasks that this cluster can't do."""
        tasks = list(tasks)
        if self._missing:
            gaining = [task for task in tasks if task.demand.gains]
            raise BlockedError(f"{self._missing}; {named(gaining or tasks)} would run there", help=self._missing.help)
        refuse_tasks(tasks, [slot.device for slot in self.slots])

    def start(self) -> None:
        if self._started:
            return
        if self._missing:
            raise self._missing
        if self._closed:
            # A run that mends damage begins anew; without a connection Ray would start a cluster of another kind.
            self._cluster = connected(self._config.address, self._config.workers)
        self._started, self._closed = True, False
        for slot in range(len(self.slots)):
            self._seat(slot, 1)

    def submit(self, store: Store, task: str, payload: dict[str, Any], slot: int) -> int:
        seat, self._store = self._seats[slot], store
        assert seat.actor and seat.ready and not seat.busy and seat.reference is None
        seat.busy, seat.attempt, seat.stop_said = True, "", False
        along = payload.get("together", ())
        every = [payload, *(entry["payload"] for entry in along)]
        seat.byproducts = frozenset(entry["id"] for each in every for entry in each.get("byproducts", ()))
        seat.together = frozenset(entry["id"] for entry in along)
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
        self._seats[slot] = seated(self._cluster, self._places[slot], tries)

    def _found(self) -> tuple[list[SlotPlace], dict[Node, Facts]]:
        """The slots that are asked for, and what their nodes are like."""
        nodes = self._cluster.nodes()
        try:
            self._slots_on(nodes)
            facts = facts_of(self._cluster, nodes)
            return self._slots_on([*facts]), facts
        except NoGpuError as error:
            # Whoever knows the tasks says which of them that concerns.
            self._missing = error
            return [], {}

    def _slots_on(self, nodes: Sequence[Node]) -> list[SlotPlace]:
        return places(nodes, self._config.workers, self._config.devices)

    def _refuse_skew(self, facts: Mapping[Node, Facts]) -> None:
        """BlockedError where nodes differ; else what all of them compute on is noted."""
        on: dict[Computing, set[Node]] = {}
        for place in self._places:
            on.setdefault(_computes(place), set()).add(place.node)
        refuse_skew(facts, self._here, on)
        self._usual = {key: usual(key, [facts[node] for node in nodes]) for key, nodes in on.items()}

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
                self._begun(slot, answer, happened)
                return
            heard = messages.decode(answer, slot, seat.byproducts, seat.together)
        except DocumentError as error:
            self._lose(slot, str(error), happened)
            return
        except BlockedError:
            raise
        except Exception as error:  # noqa: BLE001 (Ray has dozens, and they mean that the actor is gone)
            self._lose(slot, why_gone(error), happened)
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

    def _begun(self, slot: int, answer: Any, happened: list[RunnerEvent]) -> None:
        """An actor has begun on some node, which may have joined the cluster since."""
        seat = self._seats[slot]
        facts = facts_or_trouble(answer, slot)
        if not self._config.allow_skew and (skew := self._skew(slot, facts)):
            why = f"{facts['host']} joined the cluster and is not alike: {skew}"
            _log.warning("%s; its slot stays closed", why)
            self._cluster.ray.kill(seat.actor)
            seat.actor = seat.watch = None
            happened.append(Closed(slot, why, ALIKE))
            return
        if facts["node"] not in ("", self._places[slot].node.id):
            happened.append(Moved(slot, self._move(slot, facts)))
        seat.host = facts["host"]
        seat.reference = seat.actor.listen.remote(LISTEN)

    def _move(self, slot: int, facts: Facts) -> Device:
        """Note the node on which Ray has put the actor of a slot; its device there, of which memory is counted."""
        there = {node.id: node for node in self._cluster.nodes()}
        node = there.get(facts["node"], Node(facts["node"], facts["host"], 0, 0))
        others = (place for other, place in enumerate(self._places) if other != slot)
        self._places[slot] = moved(self._places[slot], node, others)
        device = self._places[slot].device(facts)
        self.slots = tuple(Slot(device) if other == slot else known for other, known in enumerate(self.slots))
        return device

    def _skew(self, slot: int, facts: Facts) -> str:
        node = Node("", facts["host"], 0, 0)
        skew = [*differences({node: facts}, self._here, {})]
        key = _computes(self._places[slot])
        if facts[key] != self._usual.get(key, facts[key]):
            skew.append(f"its {SAID[key]} is {facts[key]}, those of the others {self._usual[key]}")
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
            self._seats[slot] = Seat()
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


def _computes(place: SlotPlace) -> Computing:
    return "cpu" if place.gpu is None else "gpu"
