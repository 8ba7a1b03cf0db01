"""Checking a built-in data set against its committed digest, once per state of its files."""

import json
from pathlib import Path

from lmcspec.base import ids
from lmcspec.base.documents import read_document
from lmcspec.catalog import DatasetCard
from lmcspec.science.data.arrays import Arrays, DataError, digest
from lmcspec.science.data.cache import cache_folder, keep
from lmcspec.science.data.sets.stamps import Look


def verified(arrays: Arrays, card: DatasetCard, before: Look) -> Arrays:
    """The arrays themselves if their digest is the card's; DataError naming both digests otherwise.

    The check is remembered by the stamps, taken `before` they were read, of all files that the arrays are from.
    """
    if not before.files:  # it would be remembered for whatever is loaded next
        raise ValueError(f"the data set {card.name!r} is of no files: nothing shows when it changes")
    note = {"digest": _expected(card), "files": before.document}
    record = cache_folder("verified", f"{card.name}-{ids.digest([path for path, _ in before.files])[:16]}.json")
    if _read(record) == note:
        return arrays
    matches(digest(arrays), card)
    if before.settled:
        keep(record, json.dumps(note).encode())
    return arrays


def matches(actual: str, card: DatasetCard, why: str = "") -> None:
    """Raise a DataError unless `found` is the card's digest. `why` adds a likely cause."""
    expected = _expected(card)
    if actual != expected:
        raise DataError(
            f"this is not the data set {card.name!r}: the digest of its images and labels is {actual}, not {expected}",
            help=why or "fetch the files again; a changed copy is a data set of its own",
        )


def _expected(card: DatasetCard) -> str:
    if isinstance(card.facts, str):
        raise TypeError(f"the card of {card.name!r} has no committed digest")
    return card.facts.digest


def _read(path: Path) -> object:
    try:
        return read_document(path)
    except (OSError, ValueError):
        return None
