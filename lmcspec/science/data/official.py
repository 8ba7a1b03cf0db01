"""Data sets in the files in which they are published: which files, what is in them, and what a plan knows of them.

No torch: a plan takes their facts.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from lmcspec.base import ids
from lmcspec.base.documents import read_document
from lmcspec.base.facts import DataFacts
from lmcspec.catalog import DatasetCard
from lmcspec.science.data import arrays
from lmcspec.science.data.arrays import Arrays, DataError, MissingData
from lmcspec.science.data.cache import cache_folder, keep
from lmcspec.science.data.stamps import look


class _Facts(TypedDict):
    digest: str
    train: int
    test: int
    classes: int
    shape: Annotated[list[int], Field(min_length=3, max_length=3)]
    known: bool
    validation: int
    names: NotRequired[list[str]]
    sizes: NotRequired[list[int]]


class _Note(TypedDict):
    """What is remembered of a set, and of which state of its files."""

    files: list[list[str | int]]
    facts: _Facts


Reader = Callable[[Path], Arrays]
"""From the root to the decoded set. May raise ValueError, KeyError, OSError or EOFError for damaged files."""


def load(card: DatasetCard, root: Path | None, read: Reader, fetch: str) -> Arrays:
    """The decoded set. Raises MissingData saying where to put which file, DataError where they hold something else.

    `fetch` is the command that brings the files.
    """
    files = _files(card, root, fetch)
    try:
        found = read(files[0])
    except DataError:
        raise
    except (ValueError, KeyError, TypeError, OSError, EOFError) as error:
        raise DataError(
            f"the files of {card.name!r} in {files[0]} can't be read: {error}", help=f"fetch them again: {fetch}"
        ) from error
    _check(card, found)
    return found


def facts(card: DatasetCard, root: Path | None, read: Reader, fetch: str) -> DataFacts:
    """Digest and sizes; read from the files once for each state of theirs. Raises as `load`."""
    files = _files(card, root, fetch)[1:]
    before = look(files)
    record = cache_folder("facts", f"{card.name}-{ids.digest([path for path, _ in before.files])[:16]}.json")
    known = _recorded(record, before.document)
    if known is None:
        known = arrays.facts(load(card, root, read, fetch))
        if before.settled:
            keep(record, json.dumps({"files": before.document, "facts": asdict(known)}).encode())
    return known


def _files(card: DatasetCard, root: Path | None, fetch: str) -> list[Path]:
    """The root and the files below it."""
    if root is None:
        message = f'{card.name} needs its folder: dataset = {{ name = "{card.name}", root = "…" }}'
        raise MissingData(message, help=f"fetch it: {fetch}")
    files = [Path(root) / name for name in card.files]
    missing = next((path for path in files if not path.is_file()), None)
    if missing is not None:
        raise MissingData(
            f"there is no {missing}, so the data set {card.name!r} is missing: put it there, or fetch it with {fetch}",
            help=f"fetch it: {fetch}",
        )
    return [Path(root), *files]


def _check(card: DatasetCard, found: Arrays) -> None:
    """The sizes are those that the card knows."""
    if card.expected is None:
        return
    sizes = DataFacts("", len(found.train_labels), len(found.test_labels), found.classes, found.shape, known=False)
    if sizes != card.expected:
        raise DataError(
            f"this is not the data set {card.name!r}: it has {_sizes(sizes)}, not {_sizes(card.expected)}",
            help="fetch the files again; another set is your own: see docs/data.md",
        )


def _sizes(facts: DataFacts) -> str:
    channels, height, width = facts.shape
    return f"{facts.train:,} + {facts.test:,} images of {channels}x{height}x{width}"


def _recorded(record: Path, stamps: list[list[str | int]]) -> DataFacts | None:
    try:
        note = read_document(record, _Note)
        found = DataFacts(**note["facts"])
        found = replace(found, shape=tuple(found.shape), names=tuple(found.names), sizes=tuple(found.sizes))
        return found if note["files"] == stamps else None
    except (OSError, ValueError, TypeError):
        return None
