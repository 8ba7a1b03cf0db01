"""Checking a built-in data set against its committed digest, once per state of its files."""

import json
from collections.abc import Sequence
from pathlib import Path

from lmcspec.base import ids
from lmcspec.base.documents import read_document
from lmcspec.catalog import DatasetCard
from lmcspec.science.data.arrays import Arrays, DataError, digest
from lmcspec.science.data.cache import cache_folder, keep


def verified(arrays: Arrays, card: DatasetCard, files: Sequence[Path]) -> Arrays:
    """The arrays themselves if their digest is the card's; DataError naming both digests otherwise.

    The check is remembered by size, modification time and inode of the files that the arrays were read from.
    """
    stamps = [[str(path.resolve()), *stamp(path)] for path in files]
    note = {"digest": _expected(card), "files": stamps}
    record = cache_folder("verified", f"{card.name}-{ids.digest([path for path, *_ in stamps])[:16]}.json")
    if _read(record) == note:
        return arrays
    matches(digest(arrays), card)
    keep(record, json.dumps(note).encode())
    return arrays


def matches(found: str, card: DatasetCard, why: str = "") -> None:
    """Raise a DataError unless `found` is the card's digest. `why` adds a likely cause."""
    expected = _expected(card)
    if found != expected:
        raise DataError(
            f"this is not the data set {card.name!r}: the digest of its images and labels is {found}, not {expected}",
            help=why or "fetch the files again; a changed copy is a data set of its own",
        )


def stamp(path: Path) -> tuple[int, int, int]:
    """Size, modification time in nanoseconds, inode: what a file keeps while nobody writes to it."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _expected(card: DatasetCard) -> str:
    if isinstance(card.facts, str):
        raise TypeError(f"the card of {card.name!r} has no committed digest")
    return card.facts.digest


def _read(path: Path) -> object:
    try:
        return read_document(path)
    except (OSError, ValueError):
        return None
