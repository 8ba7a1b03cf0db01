"""One distillation: what a method is given to work with, and what it stops with and goes on from.

A method is a function `distill(config, distillation) -> Distilled`. It calls `distillation.advance` every few steps,
which raises DistillationStopped where that is asked for, with all that is needed to go on. With this as
`distillation.begin`, on the same machine, it ends with the same bits as if it had not been stopped: its draws are
addressed, not carried.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from lmcspec.science.data.resident import Dataset
from lmcspec.science.initial import Scheme, initial_state

Pulse = Callable[[int, float], bool | None]
"""Gets the number of steps done and the latest loss; True asks to stop."""


@dataclass(frozen=True, slots=True, eq=False)
class DistillationState:
    """A distillation after `step` steps: every tensor that the next one depends on, by name."""

    step: int
    state: Mapping[str, Tensor]


class DistillationStopped(Exception):
    """Distilling was asked to stop; `progress` goes on where it was."""

    def __init__(self, progress: DistillationState) -> None:
        self.progress = progress
        super().__init__(f"stopped after {progress.step} steps")


class Diverged(Exception):
    """A loss was not finite: no step makes images of this set any more."""

    def __init__(self, step: int) -> None:
        super().__init__(f"the loss was not finite after {step} steps")


@dataclass(frozen=True, slots=True, eq=False)
class Distillation:
    """One run of a method: the data, in their space and on their device, and how networks are built and drawn.

    `classifier` names the module whose input are a network's features. `experts` are files of trajectories, for a
    method that asks for them (`science/distill/experts.py`).
    """

    data: Dataset
    build: Callable[..., nn.Module]
    scheme: Scheme = "default"
    classifier: str = "classifier"
    experts: Sequence[Path] = ()
    begin: DistillationState | None = None
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
        """Tell how far it is.

        Raises Diverged for a loss that is not finite, DistillationStopped with the `state` where that is asked for.
        """
        if not math.isfinite(loss):
            raise Diverged(step)
        if self.pulse is not None and self.pulse(step, loss):
            raise DistillationStopped(DistillationState(step, state))
