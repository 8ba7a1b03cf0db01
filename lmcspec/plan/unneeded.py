"""What of a store no kept study needs, and which of that is to go."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from lmcspec.base.errors import UsageError
from lmcspec.catalog import nearest
from lmcspec.plan.needs import Needs
from lmcspec.store.room import Piece, Room


class Wish(NamedTuple):
    """Which of the unneeded is to go; all of it where nothing is said."""

    studies: frozenset[str] = frozenset()
    """Only what these have made or asked for, if there are any."""
    spared: frozenset[str] = frozenset()
    """Nothing that these have made or asked for."""
    older: float | None = None
    """Only what was written so many seconds ago, or earlier."""
    to: int | None = None
    """The oldest, until the store takes so many bytes at most."""
    checkpoints: float | None = None
    """Also checkpoints that kept studies would go on from, if nothing was written there for so many seconds."""

    def means(self, studies: Collection[str], made_by: str) -> bool:
        """Whether what was made for these studies in the run of that one is to go, as far as it is about studies."""
        wanted = not self.studies or bool(self.studies & set(studies))
        return wanted and not self.spared & {*studies, made_by}


class Leaving(NamedTuple):
    """Something that nobody needs, and for whom it was made."""

    piece: Piece
    kind: str
    studies: tuple[str, ...]
    """Forgotten studies that had asked for it, else the one that made it; none where nothing is known of that."""
    made_by: str
    """The study in whose run it was made; empty where nothing is known of that."""
    earlier: bool
    """Whether it was made by a kept study, by another plan than its last."""
    forgotten: bool
    """Whether these are studies that were forgotten."""


def unneeded(room: Room, needs: Needs) -> Iterator[Leaving]:
    """All that no kept study needs.

    A kept study needs the result of every task of its plan, with its files: those that it keeps until they are used
    until what reads them is stored. It needs checkpoints and logs of failures of tasks that are not stored.
    """
    needed, used_up = needs.tasks, needs.used_up(room.stored)
    for result in room.results.values():
        if result.id not in needed:
            yield _leaving(result.whole, room, needs)
        elif result.files and (result.dropped or result.id in used_up):
            yield _leaving(result.outputs, room, needs)
    for piece in room.dead:
        yield _leaving(piece, room, needs)
    for piece in (*room.ended, *room.checkpoints):
        if piece.id not in needed or (piece.what == "checkpoint" and piece.id in room.stored):
            yield _leaving(piece, room, needs)


def chosen(room: Room, needs: Needs, wish: Wish, now: float) -> list[Leaving]:
    """What is to go, the oldest first.

    An age is never negative: what a clock that has gone wrong since dates into the future is new.
    """

    def age(piece: Piece) -> float:
        return max(0.0, now - piece.written)

    going = list(unneeded(room, needs))
    if wish.checkpoints is not None:
        known = {leaving.piece.id for leaving in going if leaving.piece.what == "checkpoint"}
        stale = (piece for piece in room.checkpoints if piece.id not in known and age(piece) >= wish.checkpoints)
        going += [_leaving(piece, room, needs) for piece in stale]
    going = [leaving for leaving in going if wish.means(leaving.studies, leaving.made_by)]
    if wish.older is not None:
        going = [leaving for leaving in going if age(leaving.piece) >= wish.older]
    going.sort(key=lambda leaving: (-age(leaving.piece), leaving.piece.what, leaving.piece.id, leaving.piece.name))
    return going if wish.to is None else _until(going, room.bytes - wish.to)


def _until(candidates: list[Leaving], excess: int) -> list[Leaving]:
    """The first of these, until as many bytes go as there are too many."""
    going: list[Leaving] = []
    for leaving in candidates:
        if excess <= 0:
            break
        going.append(leaving)
        excess -= leaving.piece.bytes
    return going


def _leaving(piece: Piece, room: Room, needs: Needs) -> Leaving:
    result = room.results.get(piece.id)
    made_by = piece.study or (result.study if result else "")
    asking = needs.gave_up(piece.id)
    wanting = [study for study, kept in needs.kept.items() if piece.id in kept.tasks]
    kind = piece.kind or (result.kind if result else "") or _kind(piece.id, needs)
    studies = tuple(wanting or asking or ([made_by] if made_by else []))
    earlier = not (wanting or asking) and made_by in needs.kept
    return Leaving(piece, kind, studies, made_by, earlier, forgotten=not wanting and bool(asking))


def _kind(task: str, needs: Needs) -> str:
    for of_study in (*needs.kept.values(), *needs.forgotten.values()):
        if task in of_study.tasks:
            return of_study.tasks[task]
    return ""


def check_studies(wish: Wish, room: Room, needs: Needs) -> None:
    """UsageError where a study is named that the store knows nothing of."""
    known = needs.kept.keys() | needs.forgotten.keys() | {result.study for result in room.results.values()} - {""}
    for study in sorted((wish.studies | wish.spared) - known):
        near = nearest(study, sorted(known))
        raise UsageError(
            f"no study of this store is called {study!r}",
            help=f"did you mean {near}?" if near else f"there are {', '.join(sorted(known)) or 'none'}",
        )
