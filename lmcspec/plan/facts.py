"""Facts of data and models, taken without loading either into a network."""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from lmcspec.base.errors import BlockedError
from lmcspec.base.facts import DataFacts
from lmcspec.base.ids import digest
from lmcspec.catalog import DatasetCard, get
from lmcspec.spec.study import DatasetTable

DATA_ROOT = "LMCSPEC_DATA"

PLACEHOLDER = DataFacts(digest="", train=50_000, test=10_000, classes=10, shape=(3, 32, 32), known=False)
"""Stands in for data that are not here and whose size no card knows, so that sharing and counts are right."""


class FoundData(NamedTuple):
    """A study's data: the facts, where they lie, and why they can't be used if they can't."""

    facts: DataFacts
    root: Path | None
    missing: str = ""


def data_facts(table: DatasetTable, base: Path) -> FoundData:
    """The facts of the study's data set; `base` is the folder from which a relative root starts."""
    card = get("dataset", table.name)
    assert isinstance(card, DatasetCard)
    root = data_root(table, base)
    if isinstance(card.facts, DataFacts):
        return FoundData(card.facts, root, _missing(card, root) if card.needs_root else "")
    try:
        if root is None and card.needs_root:
            raise FileNotFoundError(_no_root(card))
        return FoundData(_resolve(card.facts)(table, root), root)
    except FileNotFoundError as error:
        return FoundData(placeholder(table.name, card.expected or PLACEHOLDER), root, str(error))


def _missing(card: DatasetCard, root: Path | None) -> str:
    """Why a built-in set can't be used, empty if it can; looks for its files and reads none."""
    if root is None:
        return _no_root(card)
    return _resolve("lmcspec.science.data.sets.official:absent")(card, root) if card.files else ""


def _no_root(card: DatasetCard) -> str:
    return f"the data set {card.name!r} has no root: set dataset.root, or {DATA_ROOT} in the environment"


def placeholder(name: str, known: DataFacts = PLACEHOLDER) -> DataFacts:
    """Facts for data that are missing, with sizes as `known` and a digest by name that is never stored."""
    return DataFacts(digest(["missing", name]), known.train, known.test, known.classes, known.shape, known=False)


def data_root(table: DatasetTable, base: Path) -> Path | None:
    """The folder in which the data lie: the spec's `root` (relative to the spec), else `LMCSPEC_DATA`."""
    if table.root is not None:
        return (base / Path(table.root).expanduser()).resolve()
    default = os.environ.get(DATA_ROOT)
    return Path(default).expanduser().resolve() if default else None


def _resolve(reference: str) -> Any:
    module, _, attribute = reference.partition(":")
    return getattr(import_module(module), attribute)


def distilled_facts(path: Path, facts: DataFacts, factor: int = 1, which: int = 0) -> DataFacts:
    """Facts of a distilled set's file: what it holds and how many images, without running anything in it.

    `factor` and `which` are for published files: how images are packed, and which of several sets is meant.

    Raises FileNotFoundError, and BlockedError for a file of another form or shape.
    """
    return _resolve("lmcspec.science.data.distilled.distilled_set:distilled_facts")(
        path, facts.classes, facts.shape, factor, which
    )


class FoundSet(NamedTuple):
    """A distilled set's file: its facts, the images of each class as they are stored, and whether it has a rate."""

    facts: DataFacts
    sizes: tuple[int, ...]
    rated: bool


def distilled_set(
    path: Path, facts: DataFacts, factor: int, which: int, declared: str, space: Mapping[str, Any]
) -> FoundSet:
    """What is in a distilled set's file, which is `declared` to be in a space; the study's is `space`.

    Raises as `distilled_facts`, and BlockedError with `found`, the name of the space, where its images are in another.
    """
    read, check = (_resolve(f"lmcspec.science.data.distilled.set_file:{name}") for name in ("read_set", "check_space"))
    fields = {key: tuple(value) if isinstance(value, list) else value for key, value in space.items()}
    read_set = read(path, facts.classes, facts.shape, factor=factor, which=which)
    check(path, read_set, declared, _resolve("lmcspec.science.data.spaces:Space")(**fields))
    sizes = tuple(int((read_set.labels == label).sum()) for label in range(facts.classes))
    return FoundSet(read_set.facts(facts.classes), sizes, read_set.note.rate is not None)


def tensor_facts(table: str, path: Path, rename: Mapping[str, str]) -> Any:
    """Digest, shapes and survivors of a file that a study declares under `weights` or `masks`; nothing in it is run.

    Raises FileNotFoundError, and BlockedError for a file that holds no such thing.
    """
    name = "mask_facts" if table == "masks" else "weights_facts"
    return _resolve(f"lmcspec.science.given.given:{name}")(path, rename)


class LargestHoldout(NamedTuple):
    """How many training images can be set aside before a class has none left to train on."""

    sure: int
    """So many leave some of every class, in whatever order the images come."""
    most: int
    """More than that never do."""


def largest_holdout(facts: DataFacts, name: str, seed: int) -> LargestHoldout | None:
    """How many images can be set aside, by the sizes of the classes; None where these are not known.

    One image of each class goes in turn, so that a class of n images is empty after n turns; which one comes first in
    a turn hangs on the order of the images. Of a folder, where classes have names and come one after the other, both
    numbers are the exact one.
    """
    if not facts.sizes or not facts.known:
        return None
    if facts.names:
        exact = _resolve("lmcspec.science.data.held_out:most_aside_of")(facts.sizes, name, seed)
        return LargestHoldout(exact, exact)
    present = [size for size in facts.sizes if size]
    sure = (min(present) - 1) * len(present)
    return LargestHoldout(sure, sure + sum(size > min(present) for size in present))


def absent_data(
    neutral: Mapping[str, Mapping[str, Any]], parts: Mapping[str, Mapping[str, Any]], shape: Any
) -> dict[str, str]:
    """Why data of a saved plan are not here, by digest of their part: it may have come from another machine.

    `neutral` and `parts` are the plan's: where data lie, and what they were, by the same. Raises MovedData where data
    are here, and others than when it was saved.
    """
    absent = {}
    for digest_of_part, where in neutral.items():
        planned = parts[digest_of_part]
        try:
            name, digest_now = _now(where, shape)
        except FileNotFoundError as error:
            absent[digest_of_part] = str(error)
            continue
        if digest_now != planned["digest"]:
            raise MovedData(f"{name} is {digest_now[:10]} now, {planned['digest'][:10]} in the plan")
    return absent


class MovedData(BlockedError):
    """Data that are others than those a plan was made for."""


def _now(where: Mapping[str, Any], shape: Any) -> tuple[str, str]:
    """(what people call it, its digest now) of data by where they lie. FileNotFoundError where nothing is there."""
    for key, table in (("weights", "weights"), ("mask", "masks")):
        if key in where:
            return where[key], tensor_facts(table, Path(where[key]), where["rename"]).digest
    if "file" in where:
        return where["file"], distilled_facts(Path(where["file"]), shape, which=where.get("which", 0)).digest
    card = get("dataset", where["config"]["name"])
    assert isinstance(card, DatasetCard)
    name = f"the data set {card.name!r}"
    if isinstance(card.facts, DataFacts):
        return name, card.facts.digest
    config = card.config.model_validate(where["config"])
    root = Path(where["root"]) if where["root"] else None
    return name, _resolve(card.facts)(config, root).digest
