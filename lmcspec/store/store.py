"""A store of committed results, and how to look things up in it."""

import contextlib
import logging
import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lmcspec.base import beneath, ids
from lmcspec.base.errors import StoreError, UsageError
from lmcspec.base.file_names import refuse_undecodable
from lmcspec.store import header, layout
from lmcspec.store.stored import DamagedError, Stored, read_commit, take_out

SHORTEST_PREFIX = 4
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of objects. Open it with `Store.open`."""

    root: Path
    id: str
    """Made with the store; what is kept about it elsewhere (an index, say) goes by this."""
    watched: dict[str, tuple[str, int, float]] = field(default_factory=dict, compare=False, repr=False)
    """Leases of other hosts: attempt, beat, and when this process first saw that beat."""
    trusted: bool = field(default=False, compare=False)
    """Whether what is read is taken for what COMMIT says, without a look at digests."""
    warned_of: set[str] = field(default_factory=set, compare=False, repr=False)
    """Ids of damaged objects of which a line was said."""

    @staticmethod
    def open(path: str | os.PathLike[str], create: bool = True, *, trusted: bool = False) -> "Store":
        """The store in this folder; made if there is none and `create`. Reading one needs no right to write.

        In a `trusted` one nothing that is read is compared with its digest.
        """
        root = Path(os.path.abspath(path))
        refuse_undecodable(str(root), "the path of the store")
        try:
            document = header.read(root)
        except PermissionError as error:
            raise StoreError(f"the store {root} can't be read: {error.strerror}", help=header.ELSEWHERE) from error
        if document is None:
            if not create:
                raise StoreError(
                    f"there is no store at {root}",
                    help="`lmcspec run SPEC` makes one; name an existing one with --store or LMCSPEC_STORE",
                )
            with layout.writing(root):
                document = header.create(root)
        for name in layout.FOLDERS:
            # Someone may have removed an empty one. Where it can't be made, whatever needs it will say so.
            with contextlib.suppress(OSError):
                beneath.make_folders(root, root / name)
            beneath.refuse_foreign(root, root / name, "a folder")
        return Store(root, header.checked(root, document), trusted=trusted)

    def find(self, identifier: str, patience: float = 0.0) -> Stored | None:
        """The object if it is committed and COMMIT is whole, else None. A damaged one counts as none; a line says so.

        On a network disk an object can show up late; with `patience` a miss is looked up again, for that many
        seconds, after listing its folder (which makes the client ask the server).
        """
        try:
            return self.read(identifier, patience)
        except DamagedError as error:
            if identifier not in self.warned_of:
                self.warned_of.add(identifier)
                _log.warning("%s; it counts as missing: `lmcspec run` makes it again where it is needed", error)
            return None

    def read(self, identifier: str, patience: float = 0.0) -> Stored | None:
        """Find an object as `find` does. Raises DamagedError for a COMMIT that is damaged, or was found so before."""
        folder = layout.object_folder(self.root, identifier)
        stored = read_commit(self.root, folder, identifier, trusted=self.trusted)
        deadline = time.monotonic() + patience
        while stored is None and time.monotonic() < deadline:
            beneath.names(self.root, folder.parent)
            stored = read_commit(self.root, folder, identifier, trusted=self.trusted)
            if stored is None:
                time.sleep(min(0.05, patience))
        return stored

    def take_out(self, identifier: str) -> bool:
        """Let a damaged object count as missing from now on; False where the store can't be written to.

        Its files stay until its task runs again. `reconsider` takes it back.
        """
        return take_out(self.root, layout.object_folder(self.root, identifier))

    def reconsider(self, identifier: str) -> bool:
        """Undo `take_out`, for files that were mended since; whether there was anything to undo."""
        folder = layout.object_folder(self.root, identifier)
        if not beneath.is_file(self.root, folder / layout.DAMAGED) or beneath.look(self.root, folder / layout.COMMIT):
            return False
        with contextlib.suppress(OSError):
            beneath.move(self.root, folder / layout.DAMAGED, folder / layout.COMMIT)
            return True
        return False

    def present(self, identifiers: Iterable[str]) -> set[str]:
        """The ids that are committed, of these: two stats each, nothing is read."""
        return {identifier for identifier, _, is_object in self._shelved(identifiers) if is_object}

    def dropped(self, identifiers: Iterable[str]) -> set[str]:
        """The committed ids, of these, whose outputs are gone and only their numbers are left."""
        return {
            identifier
            for identifier, shelf, is_object in self._shelved(identifiers)
            if is_object
            and (
                _mode(f"{identifier}/{layout.DROPPED}", shelf)
                or not stat.S_ISDIR(_mode(f"{identifier}/{layout.OUT}", shelf))
            )
        }

    def looked_over(self) -> dict[str, Literal["stored", "dropped", "other"]]:
        """Every id in the place of an object: is one committed there, with outputs or without, or is it something else?

        A look at a folder's names and two at names in each object, for stores with many.
        """
        places: dict[str, Literal["stored", "dropped", "other"]] = {}
        for shelf in beneath.names(self.root, self.root / "objects"):
            if len(shelf) != 2:
                continue
            with contextlib.suppress(OSError), beneath.folder(self.root, self.root / "objects" / shelf) as descriptor:
                for name in beneath.folders_in(descriptor):
                    if not (layout.is_id(name) and name.startswith(shelf)):
                        continue
                    there = stat.S_ISREG(_mode(f"{name}/{layout.COMMIT}", descriptor))
                    dropped = there and _mode(f"{name}/{layout.DROPPED}", descriptor)
                    places[name] = "dropped" if dropped else "stored" if there else "other"
        return places

    def half_dropped(self, identifiers: Iterable[str]) -> set[str]:
        """The committed ids, of these, whose outputs were dropped by somebody who was killed at it: some are left."""

        def is_left(identifier: str, shelf: int) -> bool:
            mark = _mode(f"{identifier}/{layout.DROPPED}", shelf)
            if stat.S_ISDIR(mark):  # it was made on a full disk, of the outputs
                return bool(beneath.names(self.root, layout.object_folder(self.root, identifier) / layout.DROPPED))
            return mark != 0 and stat.S_ISDIR(_mode(f"{identifier}/{layout.OUT}", shelf))

        return {
            identifier
            for identifier, shelf, there in self._shelved(identifiers)
            if there and is_left(identifier, shelf)
        }

    def _shelved(self, identifiers: Iterable[str]) -> Iterator[tuple[str, int, bool]]:
        """(id, descriptor of its shelf, whether a committed object is there) of those ids that have a shelf."""
        shelves: dict[str, list[str]] = {}
        for identifier in identifiers:
            shelves.setdefault(layout.checked_id(identifier)[:2], []).append(identifier)
        for name, shelved in shelves.items():
            # A shelf that is a link, or isn't there, holds nothing.
            with contextlib.suppress(OSError), beneath.folder(self.root, self.root / "objects" / name) as shelf:
                for identifier in shelved:
                    is_object = stat.S_ISREG(_mode(f"{identifier}/{layout.COMMIT}", shelf)) and stat.S_ISDIR(
                        _mode(identifier, shelf)
                    )
                    yield identifier, shelf, is_object

    def ids(self) -> Iterator[str]:
        """The ids of all committed objects, in order."""
        for name in layout.object_names(self.root):
            if beneath.is_file(self.root, layout.object_folder(self.root, name) / layout.COMMIT):
                yield name

    def matching(self, prefix: str) -> list[str]:
        """The ids of all committed objects that start so; UsageError for what no id can start with."""
        short = len(prefix) < SHORTEST_PREFIX
        if short or len(prefix) > 64 or prefix.strip("0123456789abcdef"):
            raise UsageError(
                f"{prefix!r} is not the beginning of an id",
                help=f"give at least {SHORTEST_PREFIX} of its digits, 0-9 and a-f",
            )
        shelf = self.root / "objects" / prefix[:2]
        return [
            name
            for name in beneath.names(self.root, shelf)
            if name.startswith(prefix)
            and layout.is_id(name)
            and beneath.is_file(self.root, shelf / name / layout.COMMIT)
        ]

    def resolve_prefix(self, prefix: str) -> str:
        """The full id of the one committed object whose id starts so; UsageError if there is none or more."""
        matching = self.matching(prefix)
        if len(matching) == 1:
            return matching[0]
        if not matching:
            raise UsageError(f"no object in {self.root} has an id that starts with {prefix}")
        shown = ", ".join(
            ids.short(identifier) if ids.short(identifier) != prefix else identifier for identifier in matching[:5]
        )
        raise UsageError(
            f"{len(matching)} objects have an id that starts with {prefix}: {shown}{' …' if len(matching) > 5 else ''}",
            help="give one more digit",
        )

    def drop_outputs(self, identifier: str) -> int:
        """Remove an object's outputs and keep its numbers, log and COMMIT; the bytes that this frees.

        `find` still gives it, with `has_outputs` False. Running its task again puts the outputs back.
        """
        stored = self.find(identifier)
        if stored is None:
            raise StoreError(f"object {ids.short(identifier)} is not in the store {self.root}")
        with layout.writing(self.root):
            # The mark comes first: an `out` that is missing without it is damage.
            if layout.create_json(self.root, stored.path / layout.DROPPED, {"at": time.time()}, durable=True):
                freed = stored.bytes
            else:
                freed = 0
            if beneath.look(self.root, out := stored.path / layout.OUT):
                set_aside(self.root, out, identifier)
                beneath.sync(self.root, stored.path)
        return freed

    def discard(self, identifier: str) -> bool:
        """Take an object out of the store, so that its task runs again; False if there was none.

        It disappears in one step; its files are deleted after that.
        """
        folder = layout.object_folder(self.root, identifier)
        with layout.writing(self.root):
            try:
                set_aside(self.root, folder, identifier)
            except FileNotFoundError:
                return False
            beneath.sync(self.root, folder.parent)
        return True


def set_aside(root: Path, path: Path, identifier: str) -> None:
    """Delete a file or folder of an object: first move it out of sight in one step, then delete it there."""
    beneath.refuse_foreign(root, path, "a file or a folder")
    attempts = layout.attempts_folder(root, identifier)
    beneath.make_folders(root, attempts)
    aside = attempts / layout.new_name()
    beneath.move(root, path, aside)
    clear(root, aside)
    with contextlib.suppress(OSError):
        beneath.remove_empty(root, attempts)


def clear(root: Path, path: Path) -> None:
    """Delete what was moved out of sight, a folder with all that is in it, as far as that can be done."""
    beneath.remove_tree(root, path)
    with contextlib.suppress(OSError):
        beneath.remove(root, path)


def _mode(path: str, shelf: int) -> int:
    """The mode of what is there; 0 if nothing is."""
    try:
        return os.stat(path, dir_fd=shelf, follow_symlinks=False).st_mode
    except OSError:
        return 0
