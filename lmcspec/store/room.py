"""How much room a store takes, and by what: its results by the index, all the rest by a look at its files."""

import time
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError
from lmcspec.store import layout
from lmcspec.store.attempts import attempt_state, attempts_at, folders
from lmcspec.store.index import Index
from lmcspec.store.index_table import Entry
from lmcspec.store.lease import Clock, is_dead
from lmcspec.store.store import Store
from lmcspec.store.stored import DamagedError

UNKNOWN = "unknown"
"""The kind of what nothing readable says a kind of."""

OTHERS = {
    "journals": ("invocations",),
    "MLflow": ("tracking",),
    "reports": (layout.REPORTS,),
    "studies and facts": ("studies", "facts"),
    "index": tuple(f"{layout.INDEX}{suffix}" for suffix in layout.DATABASE),
}
"""What takes room beside results and attempts, by the files and folders that it lies in."""


class Piece(NamedTuple):
    """Something in a store that can be deleted by itself."""

    what: Literal["result", "files", "attempt", "checkpoint"]
    """`files` are those of a result whose numbers stay."""
    id: str
    """Of the task."""
    bytes: int
    written: float
    """Seconds since 1970, by the clock of the host that wrote it."""
    kind: str = ""
    """Of the task; empty where nothing in it says so."""
    study: str = ""
    """In whose run it was made; empty where nothing says so."""
    name: str = ""
    """Of an attempt."""


class Result(NamedTuple):
    """What a result takes."""

    id: str
    kind: str
    study: str
    files: int
    """Bytes of outputs that are there."""
    beside: int
    """Bytes of what stays when these are dropped."""
    written: float
    dropped: bool
    """Whether its outputs were dropped: what is there of them all the same is left over."""

    @property
    def bytes(self) -> int:
        """All that it takes."""
        return self.files + self.beside

    @property
    def whole(self) -> Piece:
        """All of it, to be deleted."""
        return Piece("result", self.id, self.bytes, self.written, self.kind, self.study)

    @property
    def outputs(self) -> Piece:
        """Its outputs, to be deleted."""
        return Piece("files", self.id, self.files, self.written, self.kind, self.study)


class Room(NamedTuple):
    """What a store holds, and how much room that takes."""

    results: Mapping[str, Result]
    """By id: committed ones, and what is damaged or no result in the place of one."""
    stored: frozenset[str]
    """The ids of those that are committed."""
    checkpoints: tuple[Piece, ...]
    dead: tuple[Piece, ...]
    """Attempts of processes that are gone, of which nothing is kept."""
    ended: tuple[Piece, ...]
    """Attempts that failed: their logs."""
    held: int
    """Bytes of attempts and checkpoints that something is at work on."""
    others: Mapping[str, int]
    """Bytes of all the rest, by what it is."""

    @property
    def bytes(self) -> int:
        """All that the store takes."""
        pieces = (*self.checkpoints, *self.dead, *self.ended)
        return (
            sum(result.bytes for result in self.results.values())
            + sum(piece.bytes for piece in pieces)
            + self.held
            + sum(self.others.values())
        )


def room(store: Store, clock: Clock = time.monotonic) -> Room:
    """What is in a store. The index is brought up to date; what it knows is not looked up again."""
    places = store.looked_over()
    stored = {name for name, state in places.items() if state != "other"}
    with Index(store) as index:
        index.bring_up_to_date(stored)
        entries = {entry.id: entry for entry in index.entries()}
    dropped = {name for name, state in places.items() if state == "dropped"}
    left_over = store.half_dropped(dropped)
    results = {}
    for name in places:
        if name in stored and name in entries:
            results[name] = _by_entry(entries[name], name in dropped, name in left_over)
        elif (odd := _odd(store, name)) is not None:
            results[name] = odd
    checkpoints, held = _checkpoints(store, clock)
    dead, ended, at_work = _attempts(store, clock)
    others = {
        what: sum(beneath.measure(store.root, store.root / name).bytes for name in names)
        for what, names in OTHERS.items()
    }
    return Room(results, frozenset(stored), tuple(checkpoints), tuple(dead), tuple(ended), held + at_work, others)


def _by_entry(entry: Entry, dropped: bool, left_over: bool) -> Result:
    files = 0 if dropped and not left_over else entry.bytes
    return Result(entry.id, entry.kind, entry.study, files, entry.beside, entry.committed, dropped)


def _odd(store: Store, name: str) -> Result | None:
    """What stands in the place of a result and is none; None for what this version is not to judge."""
    folder = layout.object_folder(store.root, name)
    if not beneath.is_folder(store.root, folder):
        return None
    try:
        if store.read(name) is not None:
            return None  # it was committed just now
    except DamagedError:
        pass
    except StoreError:
        return None  # a newer version's, or one that may not be read
    size = beneath.measure(store.root, folder)
    return Result(name, "", "", 0, size.bytes, size.newest, dropped=False)


def _checkpoints(store: Store, clock: Clock) -> tuple[list[Piece], int]:
    root, free, held = store.root, [], 0
    for task in filter(layout.is_id, folders(root, root / "partial")):
        size = beneath.measure(root, layout.partial_folder(root, task))
        if is_dead(store, task, clock):
            free.append(Piece("checkpoint", task, size.bytes, size.newest))
        else:
            held += size.bytes
    return free, held


def _attempts(store: Store, clock: Clock) -> tuple[list[Piece], list[Piece], int]:
    """Attempts of dead processes, those that ended and keep a log, and the bytes of those in progress."""
    by_state: dict[str, list[Piece]] = {"dead": [], "ended": [], "live": []}
    for task in filter(layout.is_id, folders(store.root, store.root / "attempts")):
        for state, piece in _attempts_at(store, task, clock):
            by_state[state].append(piece)
    return by_state["dead"], by_state["ended"], sum(piece.bytes for piece in by_state["live"])


def _attempts_at(store: Store, task: str, clock: Clock) -> Iterator[tuple[str, Piece]]:
    for name in attempts_at(store, task):
        size = beneath.measure(store.root, layout.attempt_folder(store.root, task, name))
        yield attempt_state(store, task, name, clock), Piece("attempt", task, size.bytes, size.newest, name=name)
