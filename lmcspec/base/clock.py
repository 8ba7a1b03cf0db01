"""The time of day as a process tells it: by the system's clock, but never backwards.

A clock is set back by whoever finds that it is wrong: by hand, by a time server, by a machine that wakes. Where that
happens in the middle of a run, its events still come one after the other, and nothing ends before it began.
"""

import threading
import time

_lock = threading.Lock()
_told = _ticked = 0.0


def now() -> float:
    """Seconds since 1970. Where the system's clock was set back, time goes on from what was told last."""
    global _told, _ticked
    with _lock:
        wall, tick = time.time(), _tick()
        _told = max(wall, _told + (tick - _ticked if wall < _told else 0.0))
        _ticked = tick
        return _told


def not_before(moment: float) -> None:
    """Have time go on from a moment, which somebody has told before, or from what was told since."""
    global _told, _ticked
    with _lock:
        if moment > _told:
            _told, _ticked = moment, _tick()


def _tick() -> float:
    """Seconds since some moment, those in which the machine slept among them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
