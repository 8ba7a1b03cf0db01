"""Modules of cards that other packages bring: imported with care, and left out with a word where that fails.

A plug-in is anybody's code. Whatever it does when it is imported (raise, exit, print, wait), lmcspec goes on without it
and says so; only a name that it would have brought is missing then.
"""

import contextlib
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from importlib.machinery import PathFinder

from lmcspec.catalog.card import Card, cards_of
from lmcspec.catalog.half_written import flaw

ENTRY_POINTS = "lmcspec.cards"
SECONDS = 30.0
"""For which a module of cards may take to import; it loads neither torch nor data."""

_log = logging.getLogger(__name__)


@cache
def plugged_cards() -> tuple[tuple[str, Card], ...]:
    """All cards of all plug-ins that can be used, each after the plug-in that brings it."""
    if not _any_plugs_in():
        return ()
    points = sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda point: (point.name, point.value))
    return tuple((_called(point), card) for point in points for card in _cards(point))


def brings_cards(module: str) -> bool:
    """Whether a module is of a package that brings cards, by what is installed; nothing is imported."""
    points = metadata.entry_points(group=ENTRY_POINTS) if _any_plugs_in() else ()
    return module.partition(".")[0] in {point.module.partition(".")[0] for point in points}


def _called(point: metadata.EntryPoint) -> str:
    return f"the plug-in {point.name} ({point.value})"


def _any_plugs_in() -> bool:
    """Whether an installed package may have cards: False is sure, and a fifth as long to find as `entry_points`."""
    if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if finder is not PathFinder):
        return True
    for place in sys.path:
        try:
            with os.scandir(place or os.curdir) as entries:
                described = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
        except (FileNotFoundError, NotADirectoryError):
            if os.path.exists(place):
                return True  # an archive
            continue
        except OSError:
            return True
        for folder in described:
            try:
                with open(os.path.join(folder, "entry_points.txt"), "rb") as file:
                    if ENTRY_POINTS.encode() in file.read():
                        return True
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                return True
    return False


def _cards(point: metadata.EntryPoint) -> list[Card]:
    what = _called(point)
    said = io.StringIO()
    try:
        # What it prints would stand in the middle of an answer.
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), _time_limit(SECONDS):
            cards = cards_of(point.load())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 (sys.exit and whatever else a stranger's module does)
        _log.warning("%s can't be imported and is left out: %s: %s", what, type(error).__name__, error)
        return []
    finally:
        for line in said.getvalue().splitlines()[:20]:
            _log.warning("%s says: %s", what, line[:500])
    flaws = [flaw(card) for card in cards]
    for lack in filter(None, flaws):
        _log.warning("a card of %s is left out: %s", what, lack)
    return [card for card, lack in zip(cards, flaws, strict=True) if not lack]


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """TimeoutError in the block after so long, where signals can be had: in the main thread."""
    if threading.current_thread() is not threading.main_thread() or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return

    def ring(*_: object) -> None:
        raise TimeoutError(f"it takes more than {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
