"""What every distillation method gets, what it gives, and what it stops with and goes on from.

A method is a function `distill(config, given) -> Distilled`. It calls `given.pulse` every few steps, and where that
returns True it raises Stopped with all that it needs to go on. With this as `given.begin`, on the same machine, it ends
with the same bits as if it had not been stopped: its draws are addressed, not carried.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lmcspec.base import streams
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.resident import Dataset, Split
from lmcspec.science.initial import Scheme, initial_state

Pulse = Callable[[int, float], bool | None]
"""Gets the number of steps done and the latest loss; True asks to stop."""


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """A distillation after `step` steps: every tensor that the next one depends on, by name."""

    step: int
    state: Mapping[str, Tensor]


class Stopped(Exception):
    """Distilling was asked to stop; `progress` goes on where it was."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        super().__init__(f"stopped after {progress.step} steps")


class Diverged(Exception):
    """A loss was not finite: no step makes images of this set any more."""

    def __init__(self, step: int) -> None:
        super().__init__(f"the loss was not finite after {step} steps")


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """The data, in their space and on their device, and how networks are built and drawn.

    `classifier` names the module whose input are a network's features. `experts` are files of trajectories, for a
    method that asks for them (`science/distill/experts.py`).
    """

    data: Dataset
    build: Callable[..., nn.Module]
    scheme: Scheme = "default"
    classifier: str = "classifier"
    experts: Sequence[Path] = ()
    begin: Progress | None = None
    pulse: Pulse | None = None

    @property
    def device(self) -> torch.device:
        """Where the data are."""
        return self.data.train.device

    def network(self, *address: int | str) -> nn.Module:
        """A network on the device, drawn from the stream `distill` at this address."""
        module = self.build().to(self.device)
        module.load_state_dict(initial_state(module, self.scheme, ("distill", *address), self.anew))
        return module

    def anew(self, seed: int) -> nn.Module:
        """The network with what its own code draws drawn from a seed."""
        return self.build(seed=seed)

    def advance(self, step: int, loss: float, state: Mapping[str, Tensor]) -> None:
        """Tell how far it is. Raises Diverged for a loss that is not finite, Stopped with the `state` where asked."""
        if not math.isfinite(loss):
            raise Diverged(step)
        if self.pulse is not None and self.pulse(step, loss):
            raise Stopped(Progress(step, state))


def members_of(split: Split, classes: int) -> list[np.ndarray]:
    """Of each class the places of its images, in their order."""
    labels = split.labels.cpu().numpy()
    return [np.flatnonzero(labels == label) for label in range(classes)]


def some(rows: np.ndarray, count: int, *address: int | str) -> np.ndarray:
    """`count` of the rows without replacement, drawn from the stream `distill`; all of them if there are fewer."""
    return rows if len(rows) <= count else rows[streams.permutation(len(rows), "distill", *address)[:count]]


def real_subset(split: Split, classes: int, ipc: int, seed: int) -> tuple[Tensor, Tensor]:
    """`ipc` random real images of each class, in the split's space, class after class: where distilling starts.

    Raises DataError where a class has fewer.
    """
    return split.batch(torch.from_numpy(np.concatenate(start_rows(split, classes, ipc, seed))))


def start_rows(split: Split, classes: int, ipc: int, seed: int) -> list[np.ndarray]:
    """Of each class the places of `ipc` random images. Raises DataError where a class has fewer."""
    members = members_of(split, classes)
    for label, rows in enumerate(members):
        if len(rows) < ipc:
            raise too_few(label, len(rows), ipc)
    return [
        rows[streams.permutation(len(rows), "distill", seed, "start", label)[:ipc]]
        for label, rows in enumerate(members)
    ]


def too_few(label: int, there: int, wanted: int) -> DataError:
    """What is wrong where a class has fewer real images than a set is made of."""
    message = f"class {label} has {there} images, fewer than the {wanted} that a set takes of each class to start from"
    return DataError(message, help='ask for a smaller ipc, or for start = "noise" where the method knows it')


def class_labels(classes: int, ipc: int, device: torch.device) -> Tensor:
    """Labels of `ipc` images of each class, class after class: int64 (classes x ipc,)."""
    return torch.arange(classes, device=device).repeat_interleave(ipc)


def real_or_noise(given: Given, start: str, ipc: int, seed: int) -> tuple[Tensor, Tensor]:
    """What to start from, in the data's space: copies of `real_subset`, or with `noise` standard normal pixels."""
    data = given.data
    if start == "real":
        images, labels = real_subset(data.train, data.classes, ipc, seed)
        return images.clone(), labels
    labels = class_labels(data.classes, ipc, given.device)
    shape = torch.Size((len(labels), *data.shape))
    values = streams.normals(shape.numel(), "distill", seed, "start")
    return torch.from_numpy(values).to(given.device, torch.float32).view(shape), labels
