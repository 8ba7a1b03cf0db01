"""Delete results, files of results, logs and checkpoints: out of sight first, each in one step, and then for good.

While nothing else is at work in the store, each piece is renamed into a folder among the attempts, where everybody
takes it for what a dead process has left. Deleting it there takes longest, needs nobody to wait, and is gone on with by
any later run's sweep where it was cut off. At any moment each result is there whole, or it is not there.

On a full disk there may be no room for that folder. Then a result loses its COMMIT first, and is none from then on.
"""

import contextlib
import errno
import logging
import time
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from lmcspec.base import beneath, faults
from lmcspec.base.errors import StoreError
from lmcspec.store import layout
from lmcspec.store.attempts import attempt_state
from lmcspec.store.commit import owner_file
from lmcspec.store.index import Index
from lmcspec.store.room import Piece
from lmcspec.store.store import Store, clear

_FULL = (errno.ENOSPC, errno.EDQUOT)
_log = logging.getLogger(__name__)


class Stuck(NamedTuple):
    """What could not be deleted, and why."""

    piece: Piece
    why: str


class Bin:
    """What was moved out of sight, to be deleted; made by `set_aside`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.gone: list[Piece] = []
        """What is no longer in its place."""
        self.stuck: list[Stuck] = []
        self.folder = layout.attempts_folder(store.root, sha256(layout.new_name().encode()).hexdigest())
        """Of its own, under the id of no task: nobody takes a task for interrupted because of it."""

    def set_aside(self, pieces: Iterable[Piece]) -> None:
        """Take pieces out of their places; the index follows. To be called while nothing else is at work."""
        shelves: set[Path] = set()
        # What frees bytes without a write comes first: a full disk has none to give.
        for piece in sorted(pieces, key=lambda piece: piece.what == "files"):
            try:
                self._take(piece)
                self.gone.append(piece)
                shelves.add(_place(self.store, piece).parent)
            except FileNotFoundError:
                continue  # somebody else was faster
            except OSError as error:
                self.stuck.append(Stuck(piece, str(error) if isinstance(error, StoreError) else str(error.strerror)))
            if len(self.gone) == 1:
                faults.reach("gc.first-aside")
        faults.reach("gc.all-aside")
        for shelf in shelves:
            # Before anything of it is deleted: a power cut must not bring back a result without its files.
            with contextlib.suppress(OSError):
                beneath.sync(self.store.root, shelf)
        with Index(self.store) as index:
            index.forget(piece.id for piece in self.gone if piece.what == "result")
        faults.reach("gc.unlisted")

    def empty(self) -> None:
        """Delete for good what was set aside. Others may be at work."""
        for number, name in enumerate(beneath.names(self.store.root, self.folder)):
            if number == 1:
                faults.reach("gc.first-deleted")
            clear(self.store.root, self.folder / name)
        with contextlib.suppress(OSError):
            beneath.remove_empty(self.store.root, self.folder)
        left = beneath.measure(self.store.root, self.folder).bytes
        if left:
            _log.warning("%s could not be deleted: %d bytes are left there", self.folder, left)
        faults.reach("gc.emptied")

    def _take(self, piece: Piece) -> None:
        match piece.what:
            case "result":
                self._take_folder(piece, layout.COMMIT, layout.DAMAGED)
            case "files":
                self._drop(piece)
            case "checkpoint":
                self._take_folder(piece)
            case "attempt":
                if attempt_state(self.store, piece.id, piece.name) != "live":
                    self._take_folder(piece)
                    beneath.remove(self.store.root, owner_file(_place(self.store, piece)))
                    with contextlib.suppress(OSError):
                        beneath.remove_empty(self.store.root, layout.attempts_folder(self.store.root, piece.id))

    def _take_folder(self, piece: Piece, *marks: str) -> None:
        """Move a folder aside; where there is no room for that delete it in its place, its `marks` first."""
        root, place = self.store.root, _place(self.store, piece)
        beneath.refuse_foreign(root, place, "a folder")
        if self._moved(place):
            return
        for mark in marks:
            beneath.remove(root, place / mark)
        beneath.sync(root, place)
        faults.reach("gc.unmarked")
        beneath.remove_tree(root, place, ignore_errors=False)

    def _drop(self, piece: Piece) -> None:
        """Delete a result's outputs as `Store.drop_outputs` does; where there is no room for a mark they become it."""
        root, place = self.store.root, _place(self.store, piece)
        out, mark = place / layout.OUT, place / layout.DROPPED
        beneath.refuse_foreign(root, out, "a folder")
        with _noting_full() as full:
            layout.create_json(root, mark, {"at": time.time()}, durable=True)
        faults.reach("gc.marked")
        if full and not beneath.look(root, mark):
            beneath.move(root, out, mark)
        if beneath.is_folder(root, out) and not self._moved(out):
            beneath.remove_tree(root, out, ignore_errors=False)
        for name in beneath.names(root, mark):
            clear(root, mark / name)

    def _moved(self, place: Path) -> bool:
        """Move what is there aside; False where the disk has no room for its name."""
        with _noting_full() as full:
            beneath.make_folders(self.store.root, self.folder)
            beneath.move(self.store.root, place, self.folder / layout.new_name())
        return not full


def _place(store: Store, piece: Piece) -> Path:
    match piece.what:
        case "attempt":
            return layout.attempt_folder(store.root, piece.id, piece.name)
        case "checkpoint":
            return layout.partial_folder(store.root, piece.id)
        case _:
            return layout.object_folder(store.root, piece.id)


@contextlib.contextmanager
def _noting_full() -> Iterator[list[OSError]]:
    """The errors in the block that a full disk gives, at most one."""
    errors: list[OSError] = []
    try:
        yield errors
    except OSError as error:
        if error.errno not in _FULL:
            raise
        errors.append(error)
