"""Ctrl-C: the first asks all tasks to save a checkpoint and stop, the second ends them at once."""

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

from lmcspec.base.errors import LmcspecError
from lmcspec.engine.summary import Summary


class RunInterrupted(LmcspecError):
    """The run was stopped on request; running the same command again goes on."""

    exit_code = 130

    def __init__(self, summary: Summary) -> None:
        super().__init__("interrupted", help="the same command goes on from here")
        self.summary = summary


TOGETHER = 1.0
"""Seconds in which a second SIGTERM or SIGHUP is the first once more: what has got it, too, passes it on."""


class Interrupts:
    """While the block runs, counts SIGINT, SIGTERM and SIGHUP and passes them on to `stop` and `kill`.

    A scheduler that signals all processes of a job reaches this one directly and by way of what has started it, such as
    `uv run`: that is one wish.
    """

    def __init__(
        self, stop: Callable[[], None], kill: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.times = 0
        self._stop, self._kill = stop, kill
        self._clock, self._last = clock, 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        # Only the main thread may set handlers; a run in another one is not stopped by signals.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                # What `nohup` has had ignored is to outlive its terminal.
                if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = self._clock()
        if self.times and number != signal.SIGINT and now - self._last < TOGETHER:
            return
        self.times, self._last = self.times + 1, now
        if self.times == 1:
            self._stop()
        else:
            self._kill()
