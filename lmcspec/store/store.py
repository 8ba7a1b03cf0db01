"""A store of committed results, and how to look things up in it."""

import contextlib
import logging
import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lmcspec.base import beneath, ids
from lmcspec.base.beneath import ForeignError
from lmcspec.base.documents import DocumentError, parse_document
from lmcspec.base.errors import StoreError, UsageError
from lmcspec.store import layout, shapes
from lmcspec.store.checked import Problem, is_whole, problems, strangers

SHORTEST_PREFIX = 4
_ELSEWHERE = "choose another folder with --store or LMCSPEC_STORE"
_log = logging.getLogger(__name__)
_OURS = {*layout.FOLDERS, layout.STORE}


@dataclass(frozen=True, slots=True)
class Stored:
    """A committed object as its COMMIT describes it."""

    id: str
    path: Path
    result: dict[str, Any]
    """{files, scalars, outcome, digest}: what equal work has in common."""
    record: dict[str, Any]
    """How this copy came about: {files, kind, numerics, times, events, host, attempt, committed, …}."""
    trusted: bool = field(default=False, compare=False)
    """Whether its files are taken for what COMMIT says of them."""

    @property
    def root(self) -> Path:
        """Of the store that it is in."""
        return self.path.parents[2]

    @property
    def out(self) -> Path:
        """The folder of its outputs, in which every file was compared with COMMIT; gone once they are dropped.

        DamagedError where a file is not what was committed.
        """
        if self.has_outputs and not self.trusted:
            _raise_first(self, self.damage())
        return self.path / layout.OUT

    def damage(self, *, full: bool = True) -> Iterator[tuple[str, Problem]]:
        """(path, what is wrong) of each output that is not as it was committed, and of each that wasn't committed.

        Without `full` sizes are compared. Dropped outputs are no damage.
        """
        if not beneath.look(self.root, self.path / layout.DROPPED):
            yield from problems(self.root, self.path, self.result["files"], full=full)
            if full:
                yield from strangers(self.root, self.path, self.result["files"])

    @property
    def log(self) -> Path:
        """What its task wrote while it ran; may not exist."""
        return self.path / layout.LOG

    @property
    def metrics(self) -> Path:
        """Its metrics, one JSON object a line; may not exist."""
        return self.path / layout.METRICS

    @property
    def task(self) -> dict[str, Any]:
        """The recipe that it was made by. DamagedError where that is not what was committed."""
        known = {name: entry for name, entry in self.record.get("files", {}).items() if name == layout.TASK}
        if not self.trusted:
            _raise_first(self, problems(self.root, self.path, known))
        try:
            return layout.read_json(self.root, self.path / layout.TASK, shapes.Recipe)
        except FileNotFoundError as error:
            raise DamagedError(self.id, f"{layout.TASK} is missing") from error
        except DocumentError as error:
            raise DamagedError(self.id, f"{layout.TASK} {error.problem}") from error

    @property
    def scalars(self) -> dict[str, Any]:
        """The numbers that its task returned."""
        return self.result["scalars"]

    @property
    def outcome(self) -> str:
        """Either "ok" or how its training came to nothing."""
        return self.result["outcome"]

    @property
    def digest(self) -> str:
        """sha256 of `result` without this digest; two copies are bitwise equal where theirs are."""
        return self.result["digest"]

    @property
    def bytes(self) -> int:
        """The size of its outputs, dropped or not."""
        return sum(entry["bytes"] for entry in self.result["files"].values())

    @property
    def has_outputs(self) -> bool:
        """False once they are dropped; its numbers stay."""
        root = self.root
        return not beneath.look(root, self.path / layout.DROPPED) and beneath.is_folder(root, self.path / layout.OUT)


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
    told: set[str] = field(default_factory=set, compare=False, repr=False)
    """Ids of damaged objects of which a line was said."""

    @staticmethod
    def open(path: str | os.PathLike[str], create: bool = True, *, trusted: bool = False) -> "Store":
        """The store in this folder; made if there is none and `create`. Reading one needs no right to write.

        In a `trusted` one nothing that is read is compared with its digest.
        """
        root = Path(os.path.abspath(path))
        try:
            document = _read_header(root)
        except PermissionError as error:
            raise StoreError(f"the store {root} can't be read: {error.strerror}", help=_ELSEWHERE) from error
        if document is None:
            if not create:
                raise StoreError(
                    f"there is no store at {root}",
                    help="`lmcspec run SPEC` makes one; name an existing one with --store or LMCSPEC_STORE",
                )
            with layout.writing(root):
                document = _create(root)
        for name in layout.FOLDERS:
            # Someone may have removed an empty one. Where it can't be made, whatever needs it will say so.
            with contextlib.suppress(OSError):
                beneath.make_folders(root, root / name)
            beneath.refuse_foreign(root, root / name, "a folder")
        return Store(root, _checked_header(root, document), trusted=trusted)

    def find(self, identifier: str, patience: float = 0.0) -> Stored | None:
        """The object if it is committed and COMMIT is whole, else None. A damaged one counts as none; a line says so.

        On a network disk an object can show up late; with `patience` a miss is looked up again, for that many
        seconds, after listing its folder (which makes the client ask the server).
        """
        try:
            return self.read(identifier, patience)
        except DamagedError as error:
            if identifier not in self.told:
                self.told.add(identifier)
                _log.warning("%s; it counts as missing: `lmcspec run` makes it again where it is needed", error)
            return None

    def read(self, identifier: str, patience: float = 0.0) -> Stored | None:
        """As `find`, but a damaged COMMIT, or one that was found damaged before, is a DamagedError."""
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
        folder = layout.object_folder(self.root, identifier)
        with contextlib.suppress(OSError):
            beneath.move(self.root, folder / layout.COMMIT, folder / layout.DAMAGED)
            return True
        return False

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
        """Those of the ids that are committed: two stats each, nothing is read."""
        return {one for one, _, is_object in self._shelved(identifiers) if is_object}

    def dropped(self, identifiers: Iterable[str]) -> set[str]:
        """Those of the committed ids whose outputs are gone and only their numbers are left."""
        return {
            one
            for one, shelf, is_object in self._shelved(identifiers)
            if is_object
            and (_mode(f"{one}/{layout.DROPPED}", shelf) or not stat.S_ISDIR(_mode(f"{one}/{layout.OUT}", shelf)))
        }

    def _shelved(self, identifiers: Iterable[str]) -> Iterator[tuple[str, int, bool]]:
        """(id, descriptor of its shelf, whether a committed object is there) of those ids that have a shelf."""
        shelves: dict[str, list[str]] = {}
        for one in identifiers:
            shelves.setdefault(layout.checked(one)[:2], []).append(one)
        for name, own in shelves.items():
            # A shelf that is a link, or isn't there, holds nothing.
            with contextlib.suppress(OSError), beneath.folder(self.root, self.root / "objects" / name) as shelf:
                for one in own:
                    is_object = stat.S_ISREG(_mode(f"{one}/{layout.COMMIT}", shelf)) and stat.S_ISDIR(_mode(one, shelf))
                    yield one, shelf, is_object

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
        found = self.matching(prefix)
        if len(found) == 1:
            return found[0]
        if not found:
            raise UsageError(f"no object in {self.root} has an id that starts with {prefix}")
        shown = ", ".join(ids.short(one) if ids.short(one) != prefix else one for one in found[:5])
        raise UsageError(
            f"{len(found)} objects have an id that starts with {prefix}: {shown}{' …' if len(found) > 5 else ''}",
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


class DamagedError(StoreError):
    """An object that is not what was committed."""

    def __init__(self, identifier: str, why: object) -> None:
        super().__init__(
            f"object {ids.short(identifier)} is damaged: {why}",
            help="`lmcspec verify` lists what is damaged, and the next `lmcspec run` makes what it needs of it again",
        )
        self.id = identifier


def _raise_first(stored: Stored, found: Iterable[tuple[str, Problem]]) -> None:
    for name, problem in found:
        if problem != "unreadable":
            raise DamagedError(stored.id, f"{name} is {problem}")
        raise StoreError(
            f"{name} of object {ids.short(stored.id)} can't be read ({stored.path / name})",
            help="make it readable for you, or check the disk; nothing is done with the object until then",
        )


def read_commit(root: Path, folder: Path, identifier: str, *, trusted: bool = False) -> Stored | None:
    """The object in this folder if it has a COMMIT; DamagedError if that is not the whole COMMIT of this id."""
    path = folder / layout.COMMIT
    try:
        content = layout.read_bytes(root, path)
        document = parse_document(content, path, shapes.Commit)
        if document["task"] != identifier:
            raise ValueError("it is of another object")
        if document["version"] > layout.VERSION:
            raise StoreError(
                f"object {ids.short(identifier)} was written by a newer lmcspec", help="use that version, or newer"
            )
        if not trusted and not is_whole(content, document):
            raise ValueError("it is not as it was written")
        return Stored(identifier, folder, document["result"], document["record"], trusted)
    except (FileNotFoundError, NotADirectoryError):
        if beneath.look(root, folder / layout.DAMAGED):
            raise DamagedError(identifier, "it was found so before") from None
        return None
    except ForeignError as error:
        if error.path != path:
            return None  # What a link leads to is no object of this store.
        raise DamagedError(identifier, "its COMMIT is no plain file") from error
    except OSError as error:
        raise StoreError(
            f"the COMMIT of object {ids.short(identifier)} can't be read: {error.strerror} ({path})",
            help="make it readable for you; nothing is done with the object until then",
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(identifier, f"its COMMIT: {error}") from error


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


def _read_header(root: Path) -> Any:
    """What store.json says, None if there is none where one may be made; StoreError where none may be."""
    try:
        return layout.read_json(root, root / layout.STORE, shapes.Header)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except ValueError as error:
        raise StoreError(
            f"{root / layout.STORE} is not readable JSON: {error}",
            help='restore it from a copy, or write {"id": "<32 hex digits>", "version": 1} there: '
            "the objects are unhurt",
        ) from error
    if root.exists() and not root.is_dir():
        raise StoreError(f"{root} is a file, not a folder, so it can't be a store", help=_ELSEWHERE)
    # A store whose making was cut short has nothing but our own folders and drafts.
    foreign = [name for name in beneath.names(root, root) if name not in _OURS and not layout.is_draft(name)]
    if foreign:
        raise StoreError(
            f"{root} is not empty and not a store: it holds {foreign[0]!r}" + (" and more" if foreign[1:] else ""),
            help=f"{_ELSEWHERE}, for instance {root / '.lmcspec'}",
        )
    return None


def _create(root: Path) -> Any:
    root.mkdir(parents=True, exist_ok=True)
    for name in layout.FOLDERS:
        beneath.make_folders(root, root / name)
    # Last, and only one of several makers wins: a folder with a store.json is a whole store.
    layout.create_json(root, root / layout.STORE, {"id": layout.new_name(), "version": layout.VERSION}, durable=True)
    beneath.sync(root.parent, root.parent)
    return layout.read_json(root, root / layout.STORE, shapes.Header)


def _checked_header(root: Path, document: Any) -> str:
    version = document.get("version") if isinstance(document, dict) else None
    if not isinstance(version, int) or not isinstance(document.get("id"), str) or not document["id"].isalnum():
        raise StoreError(f"{root / layout.STORE} does not describe a store", help=_ELSEWHERE)
    if version > layout.VERSION:
        raise StoreError(
            f"the store {root} has version {version}, and this lmcspec knows up to {layout.VERSION}",
            help=f"upgrade lmcspec, or {_ELSEWHERE}",
        )
    return document["id"]
