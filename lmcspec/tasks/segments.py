"""Trainings segment by segment, from one checkpoint to the next: what networks to prune and experts have in common."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lmcspec.tasks.checkpoint import Checkpoints, check_like

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lmcspec.catalog.recipe import Recipe
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
            entries = entries_of(snapshot, beside)
            checkpoints.write(snapshot.update, entries, f"update {snapshot.update} of {segment.until}")
            segment = Segment(snapshot.update, segment.until, snapshot.optimiser)


def entries_of(snapshot: "Snapshot", beside: "Mapping[str, Mapping[str, Tensor]] | None" = None) -> "dict[str, Tensor]":
    """The tensors of a checkpoint at a snapshot: `state/` and `optimiser/`, and those `beside` it."""
    parts = {"state": snapshot.state, "optimiser": snapshot.optimiser, **(beside or {})}
    return {f"{part}/{name}": tensor for part, held in parts.items() for name, tensor in held.items()}


def check_resumable(
    network: "nn.Module", recipe: "Recipe", update: int, until: int, entries: "Mapping[str, Tensor]"
) -> None:
    """Raise where a training can't go on from a checkpoint's tensors, because its network or optimiser has others."""
    from lmcspec.science.train import check_moments

    if update > until:
        raise ValueError(f"update {update} is after the end of its training, {until}")
    check_like(section(entries, "state"), network.state_dict())
    check_moments(network, recipe, section(entries, "optimiser"))


def section(entries: "Mapping[str, Tensor]", part: str) -> "dict[str, Tensor]":
    """The tensors of one part of a checkpoint."""
    return {name.removeprefix(f"{part}/"): entry for name, entry in entries.items() if name.startswith(f"{part}/")}
