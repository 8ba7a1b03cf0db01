"""Optimisers on lists of tensors, one a file, bitwise as torch.optim computes them when it is told to be fused.

Their own, because importing torch.optim's costs a process about two seconds, and each step of a small network some
bookkeeping; and because their state is a flat dict of tensors, as files want it.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

from lmcspec.catalog import Optimiser, get


class Stepper(Protocol):
    """An optimiser at work on some parameters: built as `(config, names, parameters)`, fresh.

    An element whose weight, gradient and moments are zero keeps them zero: pruned weights rest on that.
    """

    moments: dict[str, Tensor]
    """What it keeps for each weight, in the shape of its parameter: `WHAT/NAME of the parameter`, live tensors."""

    def step(self, gradients: list[Tensor], lr: float) -> None:
        """One update of the parameters, in place, with their gradients, at rate `lr`."""
        ...

    def state(self) -> dict[str, Tensor]:
        """All that the next update depends on: the moments, and what else there is."""
        ...

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state that `state` gave; ValueError where it is of another optimiser or model."""
        ...


def stepper(config: Optimiser, names: Sequence[str], parameters: Sequence[Tensor]) -> Stepper:
    """The optimiser of a recipe for these parameters, fresh."""
    return get("optimiser", config.name).load()(config, names, parameters)


def laid_out(gradients: Sequence[Tensor], parameters: Sequence[Tensor]) -> list[Tensor]:
    """Gradients in the order in memory of their parameters, as torch's fused steps take it for granted, unasked."""
    return [
        gradient if gradient.stride() == parameter.stride() else torch.empty_like(parameter).copy_(gradient)
        for gradient, parameter in zip(gradients, parameters, strict=True)
    ]


def load_moments(state: Mapping[str, Tensor], moments: Mapping[str, Tensor], *more: str) -> None:
    """Copy a state's moments into live ones; ValueError unless it holds just these in their shapes, and `more`."""
    odd = set(state) ^ {*moments, *more} or {name for name in moments if state[name].shape != moments[name].shape}
    if odd:
        raise ValueError(f"this state is of another optimiser or model: {sorted(odd)[:3]}")
    for name, tensor in moments.items():
        tensor.copy_(state[name])
