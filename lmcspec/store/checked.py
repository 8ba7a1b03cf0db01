"""What is read was checked: COMMIT against its own digest, the files of a result against theirs.

A digest in the same folder tells an accident (a dying disk, a copy cut short, two files swapped, a number edited by
hand) and nothing else: who can write a store can write a whole COMMIT.
"""

import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from lmcspec.base import beneath, ids
from lmcspec.store import layout

Defect = Literal["missing", "corrupt", "unreadable"]

_GRAIN = 2 * 10**9
"""Nanoseconds within which a file may change twice and bear the same times."""
_SIGNED = re.compile(rb'\{\n "digest": "([0-9a-f]{64})",\n')
_UNSIGNED = {"version", "task", "result", "record"}
"""All that a COMMIT of an earlier version holds."""
_same: set[tuple[Any, ...]] = set()
"""Files that were read and found to have their digest, by what changes when they are written to: one set a process."""


def signed(document: Mapping[str, Any]) -> dict[str, Any]:
    """A COMMIT with the digest of all the rest: sha256 of the text that `layout.write_json` makes of that."""
    return {**document, "digest": hashlib.sha256(layout.text(document)).hexdigest()}


def is_whole(content: bytes, document: Mapping[str, Any]) -> bool:
    """Whether a COMMIT, its text and the document in it, is as it was written.

    One without a digest of itself, of an earlier version, is held by that of its result.
    """
    if "digest" in document:
        # The first line, as `write_json` sorts keys; what an editor has written out anew may stand otherwise.
        signature = _SIGNED.match(content)
        rest = b"{\n" + content[signature.end() :] if signature else b""
        if signature and signature[1].decode() == document["digest"] == hashlib.sha256(rest).hexdigest():
            return True
        return document["digest"] == signed({key: document[key] for key in document if key != "digest"})["digest"]
    if document.keys() != _UNSIGNED:
        return False  # A bit of the key itself may have flipped.
    result = document["result"]
    return (
        ids.digest({name: layout.spelled(part) for name, part in result.items() if name != "digest"})
        == result["digest"]
    )


def problems(
    root: Path, folder: Path, expected: Mapping[str, Mapping[str, Any]], *, full: bool = True
) -> Iterator[tuple[str, Defect]]:
    """(path from the folder, what is wrong) of each file that is not as COMMIT says: by its size, or if `full` by all.

    A file is read once in a process unless it is written to.
    """
    for name, entry in expected.items():
        if os.path.isabs(name) or ".." in name.split("/"):
            yield name, "corrupt"
        elif (status := beneath.look(root, folder / name)) is None:
            yield name, "missing"
        elif beneath.kind(status.st_mode) != "a file" or status.st_size != entry["bytes"]:
            yield name, "corrupt"
        elif full:
            try:
                if not _has_digest(root, folder / name, entry["sha256"]):
                    yield name, "corrupt"
            except beneath.ForeignError:
                yield name, "corrupt"
            except OSError:
                yield name, "unreadable"


def unexpected(root: Path, folder: Path, expected: Mapping[str, Any]) -> Iterator[tuple[str, Defect]]:
    """The problem with each thing that lies among the outputs of a result and is none of them."""
    out = folder / layout.OUT
    for path, kind in beneath.walk(root, out) if beneath.is_folder(root, out) else ():
        name = path.relative_to(folder).as_posix()
        # NFS keeps a deleted file that is still open under such a name.
        if kind != "a folder" and name not in expected and not path.name.startswith(".nfs"):
            yield name, "corrupt"


def measured(root: Path, path: Path) -> dict[str, Any]:
    """What COMMIT says of a file: {sha256, bytes}."""
    with beneath.reading(root, path) as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": os.fstat(file.fileno()).st_size}


def forget_checked() -> None:
    """Have every file read anew that is to be compared with its digest."""
    _same.clear()


def _has_digest(root: Path, path: Path, sha256: str) -> bool:
    with beneath.reading(root, path) as file:
        before = os.fstat(file.fileno())
        key = (str(path), before.st_ino, before.st_size, before.st_mtime_ns, before.st_ctime_ns, sha256)
        if key in _same:
            return True
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            return False
    if time.time_ns() - max(before.st_mtime_ns, before.st_ctime_ns) > _GRAIN:
        _same.add(key)
    return True
