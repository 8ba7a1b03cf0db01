"""Compare the files of objects with what their COMMIT says of them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from lmcspec.store import layout
from lmcspec.store.checked import Defect, problems
from lmcspec.store.store import Store
from lmcspec.store.stored import DamagedError


class Damage(NamedTuple):
    """Something that is not as it was committed."""

    id: str
    problem: Defect
    """`unreadable`: the system refuses to hand it out, so that nobody knows."""
    part: Literal["result", "record"]
    """Damage to the result means that the object must be made again; the record is only its history."""
    path: str
    """Of the file, from the object's folder."""


class Inspection(NamedTuple):
    """What a look at every object of a store found."""

    objects: int
    damage: tuple[Damage, ...]
    lost: tuple[str, ...]
    """Objects with damaged results; from then on they count as missing."""
    stuck: tuple[str, ...]
    """Those of them that still count as present, for the store can't be written to."""


def inspect(store: Store, *, full: bool) -> Inspection:
    """Compare all objects with their COMMIT, every byte if `full`, and take those with damaged results out."""
    if full:
        # A copy may have been put back since the damage was found.
        for identifier in layout.object_names(store.root):
            store.reconsider(identifier)
    objects = sum(1 for _ in store.ids())
    damage = verify(store, full=full)
    lost = sorted({piece.id for piece in damage if piece.part == "result" and piece.problem != "unreadable"})
    stuck = [identifier for identifier in store.present(lost) if not store.take_out(identifier)]
    return Inspection(objects, tuple(damage), tuple(lost), tuple(stuck))


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
    damages: list[Damage] = []
    for identifier in layout.object_names(store.root) if identifiers is None else identifiers:
        damages.extend(_inspect(store, identifier, full))
        if progress is not None:
            progress(identifier)
    return damages


def _inspect(store: Store, identifier: str, full: bool) -> Iterator[Damage]:
    try:
        stored = store.read(identifier)
    except DamagedError:
        # Nothing that it says can be relied on, the names of its files least of all.
        yield Damage(identifier, "corrupt", "result", layout.COMMIT)
        return
    if stored is None:
        yield Damage(identifier, "missing", "result", layout.COMMIT)
        return
    yield from (Damage(identifier, problem, "result", name) for name, problem in stored.damage(full=full))
    kept = problems(store.root, stored.path, stored.record.get("files", {}), full=full)
    yield from (Damage(identifier, problem, "record", name) for name, problem in kept)
