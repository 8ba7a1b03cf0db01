"""What a Ray actor does: hold the worker process of one slot, in the very way in which `local` holds its workers.

Nothing here knows Ray. All that goes in and out is bytes: orders as JSON, events as `engine.messages` spells them.
"""

import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

from lmcspec.base import beneath
from lmcspec.base.errors import BlockedError, LmcspecError
from lmcspec.catalog.runners.local import Local
from lmcspec.engine import messages
from lmcspec.engine.failures import Failure, last_lines
from lmcspec.engine.runner import Lost, Progressed, Runner, RunnerEvent
from lmcspec.store import Store, layout, note_lost, sweep
from lmcspec_runners.ray_facts import node_facts

TICK = 0.2
"""Seconds between looks for a wish to stop."""


class RaySlot:
    """The worker of one slot, on the `device` "cpu" or "gpu" of the node of this id."""

    def __init__(self, device: str, node: str = "") -> None:
        if device == "cpu":
            # Ray leaves all GPUs visible to who asked for none.
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
        self._device, self._node = device, node
        self._stores: dict[tuple[str, bool], Store] = {}
        self._store: Store | None = None
        self._own = False
        self._runner: Any = None
        self._said = ""

    def begin(self) -> bytes:
        """Start the worker process; what its node is like, or the trouble that there can be none."""
        from lmcspec_runners.local import LocalRunner

        try:
            self._runner = LocalRunner(Local(devices=f"1 x {self._device}"))
            self._runner.start()
        except LmcspecError as error:
            return _trouble(error)
        return layout.text(node_facts(self._node))

    def work(self, order: bytes, seconds: float) -> bytes:
        """Hand a task to the worker, which is ready, then listen as `listen` does.

        `order` is {"store": folder, "id": of the driver's store, "own": whether the folder is this node's, "trusted",
        "task", "payload"}. Of a node's own folder `{node}`, `{host}` and `{store}` stand for what they say.
        """
        run = json.loads(order)
        try:
            self._store, self._own, self._said = self._opened(run), run["own"], ""
        except LmcspecError as error:
            return _trouble(error)
        self._runner.submit(self._store, run["task"], run["payload"], 0)
        return self.listen(seconds)

    def watch(self) -> None:
        """Never come back: whoever waits for it learns when this process ends."""
        threading.Event().wait()

    def listen(self, seconds: float) -> bytes:
        """What has happened since: at once where it is more than progress, else after so many seconds."""
        until = time.monotonic() + seconds
        happened: list[RunnerEvent] = []
        try:
            while True:
                happened += map(self._with_log, self._poll(max(0.0, min(TICK, until - time.monotonic()))))
                attempt = self._runner.attempt(0)
                news = [event for event in happened if not isinstance(event, Progressed)]
                if news or attempt != self._said or time.monotonic() >= until:
                    break
        except LmcspecError as error:
            return _trouble(error)
        self._said = attempt
        progress = [event for event in happened if isinstance(event, Progressed)]
        return messages.encode([*progress[-1:], *news], attempt)

    def stop(self) -> None:
        """Ask the running task for a checkpoint, and to stop."""
        self._runner.stop()

    def close(self) -> None:
        """End the worker."""
        if self._runner is not None:
            self._runner.close()

    def _opened(self, run: dict[str, Any]) -> Store:
        """The store of an order."""
        folder = run["store"]
        if run["own"]:
            for name, value in (("node", self._node), ("host", socket.gethostname()), ("store", run["id"])):
                folder = folder.replace(f"{{{name}}}", value)
            folder = os.path.expanduser(folder)
        key = folder, run["trusted"]
        if key not in self._stores:
            store = Store.open(folder, create=run["own"], trusted=run["trusted"])
            if not run["own"] and store.id != run["id"]:
                raise BlockedError(
                    f"the folder {folder} is another store there than where the driver is",
                    help="put the store on a disk that all nodes share, or name a URL with --objects",
                )
            if run["own"]:
                # No driver ever does that here.
                sweep(store)
            self._stores[key] = store
        return self._stores[key]

    def _poll(self, timeout: float) -> list[RunnerEvent]:
        runner: Runner = self._runner
        return runner.poll(timeout)

    def _with_log(self, event: RunnerEvent) -> RunnerEvent:
        """The end of the log of a task whose process is gone, which the driver may be unable to read."""
        if not (isinstance(event, Lost) and event.task and event.attempt):
            return event
        assert self._store
        store, attempt = self._store, Path(event.attempt)
        lines = last_lines(attempt / layout.LOG) if beneath.is_folder(store.root, attempt) else ()
        if self._own:
            # Of a store of its own nobody else looks after what was begun.
            note_lost(store, attempt, Failure("lost", event.why, last_lines=lines).document())
        return Lost(event.slot, event.task, event.why, event.attempt, lines)


def _trouble(error: LmcspecError) -> bytes:
    return messages.encode_trouble(f"{socket.gethostname()}: {error}", error.help)
