"""Persistent worker processes on this machine, one per slot."""

import contextlib
import os
import signal
import socket
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from lmcspec.base.errors import BlockedError
from lmcspec.base.surroundings import module_path
from lmcspec.catalog.runners.local import Local
from lmcspec.engine.report import Report
from lmcspec.engine.runner import (
    Ended,
    Lost,
    Passed,
    Progressed,
    Ready,
    Replaced,
    Reported,
    RunnerEvent,
    Slot,
    name_driver,
)
from lmcspec.engine.worker import decode, encode
from lmcspec.store import Store
from lmcspec_runners.devices import slots
from lmcspec_runners.processes import ForkServer, Spawner, can_fork

GROWTH = 1.5
"""A worker is replaced when it has grown to this many times what it occupied, idle, after its first task."""

TRIES = 4
"""Workers in a row that may end before they are ready."""


@dataclass(slots=True)
class _Worker:
    """The worker of a slot, or that there is none just now."""

    connection: Connection | None = None
    pid: int = 0
    """0 until the worker is ready."""
    busy: bool = False
    attempt: str = ""
    idle_bytes: int = 0
    stop_said: bool = False
    tries: int = 0


class LocalRunner:
    """Workers forked from a server that has torch imported; where that fails, each started by itself."""

    joins = True

    def __init__(self, config: Local | None = None, *, fork: bool = True, growth: float = GROWTH) -> None:
        self.slots: tuple[Slot, ...] = slots(config.workers, config.devices) if config else slots(None)
        self._workers = [_Worker() for _ in self.slots]
        self._fork, self._growth = fork, growth
        self._starter: ForkServer | Spawner | None = None
        self._stopping = self._killing = False

    def start(self) -> None:
        if self._starter:
            return
        name_driver()
        self._starter = ForkServer() if self._fork and can_fork() else Spawner()
        for slot in range(len(self.slots)):
            self._start_worker(slot)

    def submit(self, store: Store, task: str, payload: dict[str, Any], slot: int) -> int:
        worker = self._workers[slot]
        assert worker.connection and worker.pid and not worker.busy
        worker.busy, worker.attempt = True, ""
        message = {"run": {"store": str(store.root), "trusted": store.trusted, "task": task, "payload": payload}}
        # A worker that is gone is noticed by the next `poll`.
        with contextlib.suppress(OSError):
            worker.connection.send_bytes(encode(message))
        return worker.pid

    def poll(self, timeout: float) -> list[RunnerEvent]:
        self._pass_on_stop()
        slots = {worker.connection: slot for slot, worker in enumerate(self._workers) if worker.connection}
        server = self._starter_now.socket
        happened: list[RunnerEvent] = []
        for source in wait([*slots, server] if server else list(slots), timeout):
            if source is server:
                self._listen_to_server()
            elif self._workers[slots[source]].connection is source:  # pyright: ignore[reportArgumentType]
                self._listen_to_worker(slots[source], happened)  # pyright: ignore[reportArgumentType]
        return happened

    def attempt(self, slot: int) -> str:
        """The folder of the attempt that the slot's worker is at, as far as it said."""
        return self._workers[slot].attempt

    def end(self, slot: int) -> None:
        if pid := self._workers[slot].pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        self._stopping = True

    def kill(self) -> None:
        self._killing = True

    def close(self) -> None:
        for worker in self._workers:
            if worker.connection:
                worker.connection.close()
                worker.connection = None
        if self._starter:
            self._starter.close()
            self._starter = None

    @property
    def _starter_now(self) -> ForkServer | Spawner:
        assert self._starter
        return self._starter

    def _start_worker(self, slot: int) -> None:
        """Begin to start a worker for a slot."""
        worker = self._workers[slot]
        if worker.tries >= TRIES:
            raise BlockedError(
                f"{TRIES} worker processes in a row ended before they were ready",
                help="see above for what they wrote; `lmcspec run SPEC --runner inline` works without them",
            )
        mine, other = socket.socketpair()
        document = {"device": self.slots[slot].visible, "path": module_path()}
        with other:
            try:
                self._starter_now.fork(other.fileno(), document)
            except OSError:
                self._give_up_server()
                self._starter_now.fork(other.fileno(), document)
        self._workers[slot] = _Worker(connection=Connection(mine.detach()), tries=worker.tries + 1)

    def _listen_to_server(self) -> None:
        if isinstance(self._starter, ForkServer) and not self._starter.listen():
            self._give_up_server()

    def _give_up_server(self) -> None:
        # Its workers end with it; each slot notices that by itself and starts another.
        self._starter_now.close()
        self._starter = Spawner()

    def _do_without(self, slot: int, why: str, fork: bool) -> None:
        """A worker can't use its GPU."""
        if fork and isinstance(self._starter, ForkServer):
            self._give_up_server()
            return
        raise BlockedError(
            f"torch can't use the GPU {self.slots[slot].visible}: {why}",
            help="`CUDA_VISIBLE_DEVICES= lmcspec run SPEC` works on the CPU",
        )

    def _listen_to_worker(self, slot: int, happened: list[RunnerEvent]) -> None:
        worker = self._workers[slot]
        try:
            while worker.connection and worker.connection.poll(0):
                self._receive(slot, decode(worker.connection.recv_bytes()), happened)
                worker = self._workers[slot]
        except (EOFError, OSError):
            self._note_lost(slot, happened)

    def _receive(self, slot: int, message: dict[str, Any], happened: list[RunnerEvent]) -> None:
        worker = self._workers[slot]
        match message:
            case {"ready": pid}:
                worker.pid, worker.tries = pid, 0
                happened.append(Ready(slot, pid))
            case {"unfit": why, "fork": fork}:
                self._do_without(slot, why, fork)
            case {"attempt": folder}:
                worker.attempt = folder
            case {"progress": [done, total, note]}:
                happened.append(Progressed(slot, done, total, note))
            case {"byproduct": identifier}:
                happened.append(Passed(slot, identifier))
            case {"ended": identifier, "report": document}:
                happened.append(Ended(slot, identifier, Report.read(document)))
            case {"report": document, "rss": rss, "grown": grown, "sound": sound}:
                worker.busy = False
                report = Report.read(document)
                happened.append(Reported(slot, report))
                self._go_on(slot, report, rss, grown, sound, happened)

    def _go_on(
        self, slot: int, report: Report, rss: int, grown: bool, sound: bool, happened: list[RunnerEvent]
    ) -> None:
        """After a task: the same worker again, or another one."""
        worker = self._workers[slot]
        if grown or not worker.idle_bytes:
            # What tasks keep on purpose, such as data sets, is no reason to start anew.
            worker.idle_bytes = rss
        if report.failure and report.failure.reason == "out-of-memory":
            why = "it ran out of memory"
        elif not sound:
            why = "an error on the GPU has left it unusable"
        elif rss > self._growth * worker.idle_bytes:
            why = f"it occupies {rss / 2**20:,.0f} MiB between tasks, {worker.idle_bytes / 2**20:,.0f} MiB at first"
        else:
            happened.append(Ready(slot, worker.pid))
            return
        assert worker.connection
        worker.connection.close()
        happened.append(Replaced(slot, why))
        # What it holds of a GPU's memory is free once it has ended.
        self._starter_now.exit_code(worker.pid)
        self._start_worker(slot)

    def _note_lost(self, slot: int, happened: list[RunnerEvent]) -> None:
        """A worker has ended by itself."""
        worker = self._workers[slot]
        assert worker.connection
        worker.connection.close()
        code = self._starter_now.exit_code(worker.pid) if worker.pid else None
        happened.append(Lost(slot, worker.busy, _ending(code), worker.attempt))
        worker.busy = False
        if self._stopping or self._killing:
            worker.connection = None
        else:
            self._start_worker(slot)

    def _pass_on_stop(self) -> None:
        for worker in self._workers:
            if not worker.busy:
                continue
            if self._killing:
                # A worker that has ended meanwhile may have left its pid to nobody yet: its server told us of none.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGKILL)
            elif self._stopping and not worker.stop_said and worker.connection:
                worker.stop_said = True
                with contextlib.suppress(OSError):
                    worker.connection.send_bytes(encode({"stop": True}))


def _ending(code: int | None) -> str:
    match code:
        case None:
            return "the worker process is gone"
        case int() if code < 0:
            try:
                return f"the worker process was ended by {signal.Signals(-code).name}"
            except ValueError:
                return f"the worker process was ended by signal {-code}"
        case _:
            return f"the worker process ended with exit code {code}"
