"""One task after the other in this process: slow to start (torch is imported here) and easy to debug."""

import os
import time
from typing import Any

from lmcspec.catalog.runners.inline import Inline
from lmcspec.engine import pristine
from lmcspec.engine.context import Workplace
from lmcspec.engine.logs import StreamLog
from lmcspec.engine.report import Report
from lmcspec.engine.runner import Ended, Passed, Ready, Reported, RunnerEvent, Slot, name_driver
from lmcspec.engine.work import execute
from lmcspec.store import Store


class InlineRunner:
    """One slot, on the CPU. `submit` returns at once; `poll` does the work."""

    joins = True

    def __init__(self, config: Inline | None = None) -> None:
        self.slots = (Slot(),)
        self._order: tuple[Store, str, dict[str, Any]] | None = None
        self._stopping = False
        self._running = False
        self._said_ready = False
        self._happened: list[RunnerEvent] = []
        self._place = Workplace(
            device="cpu", send=self._receive, stopping=lambda: self._stopping, open_log=StreamLog, memory={}
        )

    def start(self) -> None:
        name_driver()

    def submit(self, store: Store, task: str, payload: dict[str, Any], slot: int) -> int:
        self._order = (store, task, payload)
        return os.getpid()

    def poll(self, timeout: float) -> list[RunnerEvent]:
        if not self._said_ready:
            self._said_ready = True
            pristine.first()
            return [Ready(0, os.getpid())]
        if self._order is None:
            time.sleep(timeout)
            return []
        (store, task, payload), self._order = self._order, None
        clean = pristine.Pristine.here()
        self._running = True
        try:
            report = execute(store, task, payload, self._place)
        finally:
            self._running = False
            clean.restore()
        happened, self._happened = self._happened, []
        return [*happened, Reported(0, report), Ready(0, os.getpid())]

    def end(self, slot: int) -> None:
        """A task in this very process can't be ended but by ending that."""

    def stop(self) -> None:
        self._stopping = True

    def kill(self) -> None:
        # Called from the handler of a signal that has come in the middle of the task.
        if self._running:
            raise KeyboardInterrupt

    def close(self) -> None:
        self._order, self._said_ready = None, False

    def _receive(self, message: dict[str, Any]) -> None:
        if "byproduct" in message:
            self._happened.append(Passed(0, message["byproduct"]))
        elif "ended" in message:
            self._happened.append(Ended(0, message["ended"], Report.read(message["report"])))
