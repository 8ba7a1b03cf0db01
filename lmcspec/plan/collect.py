"""Delete what no kept study needs: what that is is found out while nothing else is at work in the store."""

import contextlib
import time
from collections.abc import Callable
from typing import NamedTuple

from lmcspec.base.errors import StoreError
from lmcspec.plan.needs import Needs, read_needs
from lmcspec.plan.unneeded import Leaving, Wish, check_studies, chosen
from lmcspec.store import Store, sweep
from lmcspec.store.gc import Bin, Stuck
from lmcspec.store.room import Room, room
from lmcspec.store.undisturbed import undisturbed


class Sorting(NamedTuple):
    """A store, what its studies need, and what of it is to go."""

    room: Room
    needs: Needs
    leaving: tuple[Leaving, ...]

    @property
    def bytes(self) -> int:
        """Of what is to go."""
        return sum(leaving.piece.bytes for leaving in self.leaving)


class Collected(NamedTuple):
    """What was deleted."""

    sorting: Sorting
    """As it was found before: what was to go."""
    gone: tuple[Leaving, ...]
    stuck: tuple[Stuck, ...]

    @property
    def bytes(self) -> int:
        """That were freed."""
        return sum(leaving.piece.bytes for leaving in self.gone)


def sort(store: Store, wish: Wish, now: float | None = None) -> Sorting:
    """What of a store would go. Raises UnknownNeedsError, and UsageError for a study that there isn't."""
    needs = read_needs(store)
    held = room(store)
    check_studies(wish, held, needs)
    return Sorting(held, needs, tuple(chosen(held, needs, wish, time.time() if now is None else now)))


def collect(
    store: Store, wish: Wish, now: float | None = None, say: Callable[[str], None] = lambda line: None
) -> Collected:
    """Delete it. Raises AtWorkError where something is at work in the store, and then nothing is deleted."""
    rubbish = Bin(store)
    with undisturbed(store, say):
        sorting = sort(store, wish, now)
        rubbish.set_aside(leaving.piece for leaving in sorting.leaving)
    rubbish.empty()
    with contextlib.suppress(OSError, StoreError):
        sweep(store)
    gone = set(rubbish.gone)
    return Collected(
        sorting, tuple(leaving for leaving in sorting.leaving if leaving.piece in gone), tuple(rubbish.stuck)
    )
