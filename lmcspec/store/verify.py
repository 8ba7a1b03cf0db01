"""Compare the files of objects with what their COMMIT says of them."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lmcspec.base import beneath, ids
from lmcspec.store import layout
from lmcspec.store.commit import measured
from lmcspec.store.store import DamagedError, Store, Stored


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is not as it was committed."""

    id: str
    problem: Literal["missing", "corrupt"]
    part: Literal["result", "record"]
    """Damage to the result means that the object must be made again; the record is only its history."""
    path: str
    """Of the file, from the object's folder."""


def verify(
    store: Store,
    identifiers: Iterable[str] | None = None,
    full: bool = True,
    progress: Callable[[str], None] | None = None,
) -> list[Damage]:
    """Everything that is wrong with these objects, or with all.

    `full` reads every byte and finds files that don't belong; otherwise sizes are compared. Dropped outputs are no
    damage. `progress` is called with each id when it is done.
    """
    found: list[Damage] = []
    for identifier in layout.object_names(store.root) if identifiers is None else identifiers:
        found.extend(_inspect(store, identifier, full))
        if progress is not None:
            progress(identifier)
    return found


def _inspect(store: Store, identifier: str, full: bool) -> Iterator[Damage]:
    try:
        stored = store.find(identifier)
    except DamagedError:
        yield Damage(identifier, "corrupt", "result", layout.COMMIT)
        return
    if stored is None:
        yield Damage(identifier, "missing", "result", layout.COMMIT)
        return
    if not _agrees(stored):
        # Nothing that it says can be relied on, the names of its files least of all.
        yield Damage(identifier, "corrupt", "result", layout.COMMIT)
        return
    root = store.root
    if not beneath.look(root, stored.path / layout.DROPPED):
        expected = stored.result["files"]
        yield from _files(stored, expected, "result", full)
        for path, kind in beneath.walk(root, stored.out) if full and beneath.is_folder(root, stored.out) else ():
            name = path.relative_to(stored.path).as_posix()
            # NFS keeps a deleted file that is still open under such a name.
            if kind != "a folder" and name not in expected and not path.name.startswith(".nfs"):
                yield Damage(identifier, "corrupt", "result", name)
    yield from _files(stored, stored.record.get("files", {}), "record", full)


def _agrees(stored: Stored) -> bool:
    content = {name: layout.spelled(part) for name, part in stored.result.items() if name != "digest"}
    try:
        return ids.digest(content) == stored.digest
    except (ValueError, TypeError):
        return False


def _files(
    stored: Stored, expected: dict[str, dict[str, Any]], part: Literal["result", "record"], full: bool
) -> Iterator[Damage]:
    for name, entry in expected.items():
        if os.path.isabs(name) or ".." in name.split("/"):
            yield Damage(stored.id, "corrupt", part, name)
            continue
        path = stored.path / name
        found = beneath.look(stored.root, path)
        if found is None:
            yield Damage(stored.id, "missing", part, name)
            continue
        sound = stat.S_ISREG(found.st_mode) and found.st_size == entry["bytes"]
        if not sound or (full and _sha256(stored.root, path) != entry["sha256"]):
            yield Damage(stored.id, "corrupt", part, name)


def _sha256(root: Path, path: Path) -> str:
    try:
        return measured(root, path)["sha256"]
    except OSError:
        return ""
