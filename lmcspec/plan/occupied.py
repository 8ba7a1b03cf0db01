"""What takes the room of a store: by kind of task, by study, and what of it nobody needs."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lmcspec.plan.needs import Needs
from lmcspec.plan.unneeded import unneeded
from lmcspec.store.room import UNKNOWN, Room


@dataclass(frozen=True, slots=True)
class Share:
    """Results and the bytes that they take."""

    results: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class StudyShare:
    """What the plan of a kept study needs of what is there."""

    study: str
    results: int
    bytes: int
    """With what other studies need, too."""
    alone: int
    """Bytes of what no other kept study needs."""


@dataclass(frozen=True, slots=True)
class Occupied:
    """The room of a store. What several studies share is counted once in all but `studies`."""

    bytes: int
    """All of it: kinds, checkpoints, attempts and others."""
    kinds: Mapping[str, Share]
    """Results by kind of task, the largest first."""
    checkpoints: int
    attempts: int
    others: Mapping[str, int]
    studies: tuple[StudyShare, ...]
    shared: Share
    """What more than one kept study needs."""
    unneeded: Share
    """Results that no kept study needs."""
    frees: int
    """Bytes that `lmcspec gc` would free: of these, and used files, old logs and leftovers."""
    forgotten: tuple[str, ...]
    """Forgotten studies of which something is left that would go."""

    def document(self) -> dict[str, Any]:
        """All of it as plain data."""
        return asdict(self)


def by_kind(room: Room) -> dict[str, Share]:
    """The results of a store by kind of task, the largest first."""
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for result in room.results.values():
        counts[result.kind or UNKNOWN] += 1
        sizes[result.kind or UNKNOWN] += result.bytes
    return {kind: Share(counts[kind], size) for kind, size in sizes.most_common()}


def occupied(room: Room, needs: Needs) -> Occupied:
    """The room of a store by what its studies need of it."""
    askers: Counter[str] = Counter()
    for of_study in needs.kept.values():
        askers.update(task for task in of_study.tasks if task in room.results)
    studies = []
    for of_study in needs.kept.values():
        there = [room.results[task] for task in of_study.tasks if task in room.results]
        alone = sum(result.bytes for result in there if askers[result.id] == 1)
        studies.append(StudyShare(of_study.study, len(there), sum(result.bytes for result in there), alone))
    shared = [room.results[task] for task, count in askers.items() if count > 1]
    leaving = list(unneeded(room, needs))
    results = [lost.piece for lost in leaving if lost.piece.what == "result"]
    return Occupied(
        room.bytes,
        by_kind(room),
        sum(piece.bytes for piece in room.checkpoints),
        sum(piece.bytes for piece in (*room.dead, *room.ended)) + room.held,
        room.others,
        tuple(sorted(studies, key=lambda study: (-study.bytes, study.study))),
        Share(len(shared), sum(result.bytes for result in shared)),
        Share(len(results), sum(piece.bytes for piece in results)),
        sum(lost.piece.bytes for lost in leaving),
        tuple(sorted({study for lost in leaving if lost.forgotten for study in lost.studies})),
    )
