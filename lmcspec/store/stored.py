"""A committed object as its COMMIT describes it, and how that is read."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lmcspec.base import beneath, ids
from lmcspec.base.beneath import ForeignError
from lmcspec.base.documents import DocumentError, parse_document
from lmcspec.base.errors import StoreError
from lmcspec.store import layout, shapes
from lmcspec.store.checked import Defect, is_whole, problems, unexpected


class DamagedError(StoreError):
    """An object that is not what was committed."""

    def __init__(self, identifier: str, why: object) -> None:
        super().__init__(
            f"object {ids.short(identifier)} is damaged: {why}",
            help="`lmcspec verify` lists what is damaged, and the next `lmcspec run` makes what it needs of it again",
        )
        self.id = identifier


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
        """The root of the store that it is in."""
        return self.path.parents[2]

    @property
    def out(self) -> Path:
        """The folder of its outputs, in which every file was compared with COMMIT; gone once they are dropped.

        DamagedError where a file is not what was committed: from then on the object counts as missing.
        """
        if self.has_outputs and not self.trusted:
            try:
                _raise_first(self, self.damage())
            except DamagedError:
                # Whoever finds it, the next plan knows of it; but not where outputs are being dropped just now.
                if self.has_outputs:
                    take_out(self.root, self.path)
                raise
        return self.path / layout.OUT

    def damage(self, *, full: bool = True) -> Iterator[tuple[str, Defect]]:
        """(path, what is wrong) of each output that is not as it was committed, and of each that wasn't committed.

        Without `full` sizes are compared. Dropped outputs are no damage.
        """
        if not beneath.look(self.root, self.path / layout.DROPPED):
            yield from problems(self.root, self.path, self.result["files"], full=full)
            if full:
                yield from unexpected(self.root, self.path, self.result["files"])

    @property
    def log(self) -> Path:
        """What its task wrote while it ran; may not exist."""
        return self.path / layout.LOG

    @property
    def metrics(self) -> Path:
        """The file of its metrics, which may not exist. Raises DamagedError where it is not what was committed."""
        path = self.path / layout.METRICS
        known = self.record.get("files")
        if known is not None and not self.trusted:
            if layout.METRICS in known:
                _raise_first(self, problems(self.root, self.path, {layout.METRICS: known[layout.METRICS]}))
            elif beneath.look(self.root, path):
                raise DamagedError(self.id, f"{layout.METRICS} came after it was committed")
        return path

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


def take_out(root: Path, folder: Path) -> bool:
    """Let the object in this folder count as missing from now on; False where the store can't be written to."""
    with contextlib.suppress(OSError):
        beneath.move(root, folder / layout.COMMIT, folder / layout.DAMAGED)
        return True
    return False


def read_commit(root: Path, folder: Path, identifier: str, *, trusted: bool = False) -> Stored | None:
    """The object in this folder if it has a COMMIT; DamagedError if that is not the whole COMMIT of this id."""
    path = folder / layout.COMMIT
    try:
        document = checked_commit(layout.read_bytes(root, path), path, identifier, trusted=trusted)
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


def checked_commit(
    content: bytes, name: str | os.PathLike[str], identifier: str, *, trusted: bool = False
) -> dict[str, Any]:
    """The document in the bytes of a COMMIT; `name` is what errors call it.

    ValueError where they are not the whole COMMIT of this id, StoreError where it is of a later version.
    """
    document = parse_document(content, name, shapes.Commit)
    if document["task"] != identifier:
        raise ValueError("it is of another object")
    if document["version"] > layout.VERSION:
        if any(is_whole(content, {**document, "version": known}) for known in range(1, layout.VERSION + 1)):
            raise ValueError("its version is not as it was written")
        raise StoreError(
            f"object {ids.short(identifier)} was written by a newer lmcspec", help="use that version, or newer"
        )
    if not trusted and not is_whole(content, document):
        raise ValueError("it is not as it was written")
    return document


def _raise_first(stored: Stored, wrong: Iterable[tuple[str, Defect]]) -> None:
    for name, problem in wrong:
        if problem != "unreadable":
            raise DamagedError(stored.id, f"{name} is {problem}")
        raise StoreError(
            f"{name} of object {ids.short(stored.id)} can't be read ({stored.path / name})",
            help="make it readable for you, or check the disk; nothing is done with the object until then",
        )
