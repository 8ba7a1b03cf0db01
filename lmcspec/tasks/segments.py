"""Trainings segment by segment, from one checkpoint to the next: what networks to prune and experts have in common."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lmcspec.tasks.checkpoint import Checkpoints

if TYPE_CHECKING:
    from torch import Tensor

    from lmcspec.science.train import Segment, Snapshot


def by_segments(
    checkpoints: Checkpoints,
    segment: "Segment",
    train: "Callable[[Segment], Snapshot]",
    beside: "Mapping[str, Mapping[str, Tensor]] | None" = None,
) -> "Snapshot":
    """The end of a training that stops for its checkpoints and goes on from them, bitwise as if it had not.

    A checkpoint holds the snapshot as `state/` and `optimiser/`, and tensors `beside` it, each under its part's name.
    Raises Interrupted where the task is to stop.
    """
    from lmcspec.science.train import Segment, TrainingStopped

    while True:
        try:
            return train(segment)
        except TrainingStopped as stopped:
            snapshot = stopped.snapshot
            parts = {"state": snapshot.state, "optimiser": snapshot.optimiser, **(beside or {})}
            entries = {f"{part}/{name}": tensor for part, held in parts.items() for name, tensor in held.items()}
            checkpoints.write(snapshot.update, entries, f"update {snapshot.update} of {segment.until}")
            segment = Segment(snapshot.update, segment.until, snapshot.optimiser)


def section(entries: "Mapping[str, Tensor]", part: str) -> "dict[str, Tensor]":
    """The tensors of one part of a checkpoint."""
    return {name.removeprefix(f"{part}/"): entry for name, entry in entries.items() if name.startswith(f"{part}/")}
