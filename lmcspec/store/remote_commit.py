"""What the COMMIT of an object from elsewhere says, held to what an object can be before a byte of it is copied."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lmcspec.base import ids
from lmcspec.base.documents import DocumentError, parse_document
from lmcspec.base.errors import StoreError
from lmcspec.store import layout, shapes
from lmcspec.store.stored import checked_commit
from lmcspec.tasks.task import own_id

MOST_FILES = 10_000
MOST_BYTES = 2**42
"""Of all files of an object: 4 TiB."""
LONGEST_NAME = 255
"""Bytes of one part of a file's path."""
LONGEST_PATH = 1024
DEEPEST = 30
BESIDE = {layout.TASK: 64 * 2**20, layout.LOG: 64 * 2**20, layout.METRICS: 4 * 2**30}
"""Files beside the outputs, and the bytes that each may have."""


class RemoteDamage(StoreError):
    """An object at a URL that is not what was committed, or that can't be one. It counts as not being there."""

    def __init__(self, identifier: str, url: str, why: object) -> None:
        super().__init__(
            f"object {ids.short(identifier)} at {url} is damaged: {why}",
            help=f"send it again from a store that has it: lmcspec sync --objects {url} --anew",
        )
        self.id = identifier


class File(NamedTuple):
    """A file of an object as its COMMIT lists it."""

    path: str
    """From the object's folder."""
    sha256: str
    bytes: int


class RemoteCommit(NamedTuple):
    """A COMMIT that was found whole."""

    content: bytes
    digest: str
    """Of the result."""
    outputs: tuple[File, ...]
    beside: tuple[File, ...]


def read_remote_commit(content: bytes, identifier: str, url: str) -> RemoteCommit:
    """The COMMIT in these bytes. RemoteDamage for all that can't be the COMMIT of this id or names what can't be."""
    try:
        document = checked_commit(content, f"its {layout.COMMIT}", identifier)
        result = document["result"]
        plain = {name: layout.spelled(part) for name, part in result.items() if name != "digest"}
        if ids.digest(plain) != result["digest"]:
            raise ValueError("its result has another digest")
        outputs = tuple(_files(result["files"]))
        beside = tuple(_files(document["record"].get("files", {}), beside=True))
        if layout.TASK not in {file.path for file in beside}:
            raise ValueError(f"it lists no {layout.TASK}")
        if len(outputs) > MOST_FILES or sum(file.bytes for file in outputs) > MOST_BYTES:
            raise ValueError("it lists more than an object can hold")
        _refuse_nested(outputs)
    except (ValueError, TypeError, RecursionError) as error:
        raise RemoteDamage(identifier, url, error) from error
    return RemoteCommit(content, result["digest"], outputs, beside)


def check_recipe(content: bytes, identifier: str, url: str) -> None:
    """RemoteDamage where a task.json is not the recipe of which the id is the hash."""
    try:
        recipe = parse_document(content, f"its {layout.TASK}", shapes.Recipe)
        if own_id(recipe) != identifier:
            raise ValueError(f"its {layout.TASK} is the recipe of another object")
        for name, part in recipe.get("parts", {}).items():
            if ids.digest(part) != name:
                raise ValueError(f"the part {ids.short(name)} of its {layout.TASK} has another digest")
    except (DocumentError, ValueError, TypeError, RecursionError) as error:
        raise RemoteDamage(identifier, url, error) from error


def _files(listed: Mapping[str, Mapping[str, Any]], *, beside: bool = False) -> Iterator[File]:
    for path, entry in listed.items():
        sha256, size = entry["sha256"], entry["bytes"]
        if not layout.is_id(sha256):
            raise ValueError(f"the digest of {path!r} is none")
        if (size > BESIDE.get(path, -1)) if beside else not _is_output(path):
            raise ValueError(f"no object has a file {path[:LONGEST_NAME]!r} of {size:,} bytes there")
        if size == 0 and sha256 != hashlib.sha256().hexdigest():
            raise ValueError(f"the digest of {path!r} is not that of an empty file")
        yield File(path, sha256, size)


def _is_output(path: str) -> bool:
    """Whether a path names a file among the outputs, and can't name anything else."""
    first, *parts = path.split("/")
    return (
        first == layout.OUT
        and 0 < len(parts) <= DEEPEST
        and len(os.fsencode(path)) <= LONGEST_PATH
        and all(
            part not in ("", ".", "..") and len(os.fsencode(part)) <= LONGEST_NAME and part.isprintable()
            for part in parts
        )
    )


def _refuse_nested(files: tuple[File, ...]) -> None:
    names = {file.path for file in files}
    for name in names:
        while name := name.rpartition("/")[0]:
            if name in names:
                raise ValueError(f"{name!r} is both a file and a folder of it")
