"""What a run shows of itself in a notebook: one place that is written over, instead of a line for every task."""

import sys
import time
from collections.abc import Callable
from html import escape
from typing import Any

from lmcspec.base import clock
from lmcspec.base.visible import one_line, visible
from lmcspec.engine import events
from lmcspec.engine.progress import Plain, clock_time

EVERY = 0.25
"""Seconds between two looks, at least."""
RUNNING = 8
"""Running tasks that are shown at most."""
KEPT = 20
"""Lines of what went wrong that stay at most."""
_USUAL = ("done", "reused", "stopped")


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel")


class Board:
    """Counts, time left and running tasks, and below them what went wrong. `clock` is in seconds."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._plain = Plain(self._keep, times=False)
        self._kept: list[str] = []
        self._ticks, self._shown = ticks, -EVERY
        self._last = ""
        self._handle: Any = None

    def on_event(self, event: events.Event) -> None:
        """Take an event in, and show it if the last look was a while ago."""
        self._plain.on_event(event)
        now = self._ticks()
        if now - self._shown >= EVERY or isinstance(event, events.RunStarted | events.RunEnded):
            self._shown = now
            self._show()

    def _keep(self, line: str) -> None:
        word = line.split(" ", 1)[0]
        if word in _USUAL:
            return
        if word[:1].isdigit():
            self._last = line
        else:
            self._kept = [*self._kept, line][-KEPT:]

    def _text(self) -> str:
        tally = self._plain.tally
        now = clock.now()
        lines = [tally.line() if tally.running or not self._last else self._last]
        for started, progress in list(tally.running.values())[:RUNNING]:
            steps = f"  {progress.done}/{progress.total}" if progress else ""
            lines.append(f"  {one_line(started.task.label)}{steps}  {clock_time(now - started.at)}")
        return visible("\n".join([*lines, *self._kept]))

    def _show(self) -> None:
        from IPython.display import HTML, display  # pyright: ignore[reportMissingImports]

        page = HTML(f"<pre style='line-height:1.2'>{escape(self._text())}</pre>")
        if self._handle is None:
            self._handle = display(page, display_id=True)
        else:
            self._handle.update(page)
