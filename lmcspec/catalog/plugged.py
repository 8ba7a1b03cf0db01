"""Modules of cards that other packages bring: imported with care, and left out with a word where that fails.

A plug-in is anybody's code. Whatever it does when it is imported (raise, exit, print, wait), lmcspec goes on without it
and says so; only a name that it would have brought is missing then.
"""

import contextlib
import io
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from importlib.machinery import PathFinder

from lmcspec.catalog.card import KINDS, Card, DatasetCard, cards_of
from lmcspec.catalog.config import Config

ENTRY_POINTS = "lmcspec.cards"
SECONDS = 30.0
"""For which a module of cards may take to import; it loads neither torch nor data."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,119}")
_PLACE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_log = logging.getLogger(__name__)


@cache
def plugged_cards() -> tuple[Card, ...]:
    """All cards of all plug-ins that can be used."""
    if not _any_plugs_in():
        return ()
    points = sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda point: (point.name, point.value))
    return tuple(card for point in points for card in _cards(point))


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
    what = f"the plug-in {point.name} ({point.value})"
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
    for card in cards:
        if wrong := _wrong(card):
            _log.warning("a card of %s is left out: %s", what, wrong)
    return [card for card in cards if not _wrong(card)]


def _wrong(card: object) -> str:
    """What is wrong with a card; "" if nothing is."""
    if not isinstance(card, Card):
        return f"it is a {type(card).__name__}, no card"
    if card.kind not in KINDS:
        return f"its kind is {card.kind!r}, not one of {', '.join(KINDS)}"
    names = [card.name, *card.variants] if isinstance(card.variants, dict) else [card.name]
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return f"{name!r} is no name: letters, digits and _ . + -"
    if not isinstance(card.doc, str) or not isinstance(card.source, str):
        return f"doc and source of {card.name!r} are texts"
    if not isinstance(card.config, type) or not issubclass(card.config, Config):
        return f"the config of {card.name!r} is no class of lmcspec.catalog.config.Config"
    places = [card.implementation]
    if isinstance(card, DatasetCard) and isinstance(card.facts, str):
        places.append(card.facts)
    for place in places:
        if not isinstance(place, str) or not _PLACE.fullmatch(place):
            return f"{place!r} of {card.name!r} is no place of the form package.module:attribute"
    return ""


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
