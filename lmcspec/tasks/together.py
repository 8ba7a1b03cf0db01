"""Trainings as one program: which may be, of how many it pays, and their way from checkpoint to checkpoint."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lmcspec.base import faults
from lmcspec.tasks import read, ways
from lmcspec.tasks.kind import Finished, Interrupted, Member, Together
from lmcspec.tasks.params import Part
from lmcspec.tasks.segments import entries_of
from lmcspec.tasks.training import Train, Training, prepare, recipe_of

if TYPE_CHECKING:
    from lmcspec.science.train import Snapshot


def alike(params: Train) -> list[Any]:
    """All but where they start: from whatever state, under whatever mask."""
    parts = (params.model, params.recipe, params.data, params.train_on)
    return [part.digest if isinstance(part, Part) else None for part in parts] + [params.begin, params.until]


def size(member: Member, offered: int) -> int:
    """Of how many trainings like this one, up to so many, a program is the quickest; 1: of none."""
    from lmcspec.science.replicas import can_be_stacked

    ctx, params = member.ctx, member.params
    recipe = recipe_of(params.recipe)
    if recipe.learned_rate or not can_be_stacked(read.module(params.model), recipe):
        return 1
    return ways.together(ctx, params.model, recipe, params.until - params.begin, offered)


def run(members: Sequence[Member]) -> list[Finished]:
    """Train them all, those as one program that stand at the same update, and evaluate each."""
    ready = [prepare(*member) for member in members]
    at: dict[tuple[int, bool], list[int]] = {}
    for place, training in enumerate(ready):
        at.setdefault((training.update, training.moments is None), []).append(place)
    ends: dict[int, Finished] = {}
    for places in at.values():
        several = [ready[place] for place in places]
        for training in several:
            training.ctx.computes(together=len(several))
        for place, training, end in zip(places, several, _ends(several), strict=True):
            ends[place] = training.finished(end)
    return [ends[place] for place in range(len(members))]


def _ends(trainings: "Sequence[Training]") -> "list[Snapshot]":
    """Their last snapshots; Interrupted, once each has its checkpoint, where they are to stop."""
    from lmcspec.science.replicas import Replica, ReplicasStopped, train_together

    first, until = trainings[0], trainings[0].params.until
    tells = [training.checkpoints.pulse(until, "train/loss") for training in trainings]
    over: dict[int, Snapshot] = {}
    left = list(enumerate(trainings))
    while left:
        told = [tells[place] for place, _ in left]

        def pulse(update: int, losses: list[float], told: Any = told) -> bool:
            faults.reach("train.update")
            due = [tell(update, loss) for tell, loss in zip(told, losses, strict=True)]  # each is told
            return any(due)

        replicas = [
            Replica(
                training.network,
                training.noise,
                training.mask,
                training.moments,
                training.stops(training.update),
                training.passed,
            )
            for _, training in left
        ]
        begin = left[0][1].update
        try:
            ends = train_together(replicas, first.split, first.recipe, begin, until, pulse)
        except ReplicasStopped as stopped:
            left = _going_on(left, stopped.snapshots, over)
        else:
            over |= {place: end for (place, _), end in zip(left, ends, strict=True)}
            left = []
    return [over[place] for place in range(len(trainings))]


def _going_on(
    left: "list[tuple[int, Training]]", snapshots: "Sequence[Snapshot]", over: "dict[int, Snapshot]"
) -> "list[tuple[int, Training]]":
    """Write a checkpoint of each that has not diverged; those with the points from which they go on."""
    to_stop: Interrupted | None = None
    going_on = []
    for (place, training), snapshot in zip(left, snapshots, strict=True):
        if snapshot.diverged:
            over[place] = snapshot
            continue
        try:
            training.checkpoints.write(
                snapshot.update, entries_of(snapshot), f"update {snapshot.update} of {training.params.until}"
            )
        except Interrupted as error:
            to_stop = error
        going_on.append((place, replace(training, update=snapshot.update, moments=snapshot.optimiser)))
    if to_stop is not None:
        raise to_stop
    return going_on


TRAININGS = Together(alike, size, run)
