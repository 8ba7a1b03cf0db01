"""Collecting what tasks leave behind in cycles."""

import gc
import sys


class Garbage:
    """A worker's collections, which take as long as the task was large, and not as long as all that was imported."""

    def __init__(self) -> None:
        self._known = (0, 0)

    def collect(self, kept: int) -> None:
        """After a task, of which so many things are `kept` in this process on purpose."""
        gc.collect()
        known = len(sys.modules), kept
        if known != self._known:
            # Modules and caches stay for good: later collections need not look at them, nor copy their pages.
            gc.freeze()
            self._known = known
