"""Data sets in the files in which they are published: which files, what is in them, and what a plan knows of them.

No torch: a plan takes their facts.
"""

import json
import shlex
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
from lmcspec.science.data.sets.stamps import look
from lmcspec.science.data.sets.verify import verified


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
"""From the root to the decoded set: reads the card's files and no other. May raise anything for damaged ones."""


def load(card: DatasetCard, root: Path | None, read: Reader, fetch: str) -> Arrays:
    """The decoded set, checked against its digest where the card has one.

    Raises MissingData saying where to put which file, DataError where they hold something else. `fetch` is the command
    that brings the files.
    """
    place, *files = _files(card, root, fetch)
    before = look(files)
    try:
        decoded = read(place)
    except DataError:
        raise
    except Exception as error:  # what a damaged file makes of its reader
        raise DataError(
            f"the data set {card.name!r} in {place} can't be read: {error}",
            help=f"fetch it again, after removing that file: {fetch}",
        ) from error
    _check(card, decoded, place)
    return verified(decoded, card, before) if isinstance(card.facts, DataFacts) else decoded


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
    """The root, and the paths of the card's files below it. MissingData where one is not there."""
    if root is None:
        message = f'{card.name} needs its folder: dataset = {{ name = "{card.name}", root = "…" }}'
        raise MissingData(message, help=f"fetch it: {fetch}")
    if why := absent(card, Path(root), f"put it there, or fetch it with {fetch}"):
        raise MissingData(why, help=f"fetch it: {fetch}")
    return [Path(root), *(Path(root) / name for name in card.files)]


def absent(card: DatasetCard, root: Path, bring: str = "") -> str:
    """Which of a set's files isn't there, and how to `bring` it; empty if all are. One that is packed is unpacked."""
    missing = next((path for name in card.files if not (path := root / name).exists()), None)
    if missing is None:
        return ""
    packed = missing.with_name(f"{missing.name}.gz")
    if packed.is_file():
        bring = f"unpack what lies beside it, gunzip --keep {shlex.quote(str(packed))}"
    return f"there is no {missing}, so the data set {card.name!r} is missing{bring and ': '}{bring}"


def _check(card: DatasetCard, decoded: Arrays, place: Path) -> None:
    """Raise DataError unless the sizes are those that the card knows."""
    wanted = card.facts if isinstance(card.facts, DataFacts) else card.expected
    sizes = _sizes(len(decoded.train_labels), len(decoded.test_labels), decoded.classes, decoded.shape)
    if wanted is not None and sizes != (known := _sizes(wanted.train, wanted.test, wanted.classes, wanted.shape)):
        raise DataError(
            f"this is not the data set {card.name!r}: in {place} it has {sizes}, not {known}",
            help="fetch the files again; another set is your own: see docs/data.md",
        )


def _sizes(train: int, test: int, classes: int, shape: tuple[int, int, int]) -> str:
    channels, height, width = shape
    return f"{train:,} + {test:,} images of {channels}x{height}x{width} in {classes} classes"


def _recorded(record: Path, stamps: list[list[str | int]]) -> DataFacts | None:
    try:
        note = read_document(record, _Note)
        facts = DataFacts(**note["facts"])
        facts = replace(facts, shape=tuple(facts.shape), names=tuple(facts.names), sizes=tuple(facts.sizes))
        return facts if note["files"] == stamps else None
    except (OSError, ValueError, TypeError):
        return None
