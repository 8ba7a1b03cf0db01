"""Trainings segment by segment, from one checkpoint to the next: what networks to prune and experts have in common."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lmcspec.tasks.checkpoint import Checkpoints
from lmcspec.tasks.context import Context
from lmcspec.tasks.kind import Interrupted

if TYPE_CHECKING:
    from torch import Tensor

    from lmcspec.science.train import Segment, Snapshot


def by_segments(
    ctx: Context,
    checkpoints: Checkpoints,
    segment: "Segment",
    train: "Callable[[Segment], Snapshot]",
    beside: "Mapping[str, Mapping[str, Tensor]] | None" = None,
) -> "Snapshot":
    """The end of a training that stops for its checkpoints and goes on from them, bitwise as if it had not.

    A checkpoint holds the snapshot as `state/` and `optimiser/`, and tensors `beside` it, each under its part's name.
    Raises Interrupted where the task is to stop.
    """
    from lmcspec.science.train import Segment, Stopped

    while True:
        try:
            return train(segment)
        except Stopped as stopped:
            snapshot = stopped.snapshot
            parts = {"state": snapshot.state, "optimiser": snapshot.optimiser, **(beside or {})}
            checkpoints.write(
                snapshot.update,
                {f"{part}/{name}": part_of[name] for part, part_of in parts.items() for name in part_of},
            )
            if ctx.stopping():
                raise Interrupted(f"stopped after update {snapshot.update} of {segment.until}") from None
            segment = Segment(snapshot.update, segment.until, snapshot.optimiser)


def section(entries: "Mapping[str, Tensor]", part: str) -> "dict[str, Tensor]":
    """The tensors of one part of a checkpoint."""
    return {name.removeprefix(f"{part}/"): entry for name, entry in entries.items() if name.startswith(f"{part}/")}
