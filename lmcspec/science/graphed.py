"""Networks whose passes a GPU replays as CUDA graphs: the same kernels, without being told of each one of them.

By `torch.cuda.make_graphed_callables`, which captures the forward and the backward pass of a batch of one shape. The
tensors of the network are where they were captured for good: states are copied into them.
"""

from typing import Any, Literal

import torch
from torch import Tensor, nn

from lmcspec.science.compiled import can_be_compiled
from lmcspec.science.computed import Computed, Forward
from lmcspec.science.precision import computing_in
from lmcspec.science.trial import Trial, seconds_of_update

Made = Literal["eager", "graphed"]
PRECISIONS = ("float32", "tf32")
"""Numbers in which passes are captured: autocast keeps casts of weights, which a replay would not make anew."""
CLOSE = 1e-2
"""How far logits of a replay may be from those of the network, relative to the largest, to be taken for the same."""


def can_be_graphed(module: nn.Module, trial: Trial) -> bool:
    """Whether it is on a GPU, nothing in it draws at random or is hooked, and no parameter is a part of a tensor."""
    parameters = list(module.parameters())
    whole = all(parameter.stride() == torch.empty_like(parameter).stride() for parameter in parameters)
    on_gpu = all(parameter.device.type == "cuda" for parameter in parameters)
    return on_gpu and whole and trial.precision in PRECISIONS and can_be_compiled(module)


def graphed(module: nn.Module, trial: Trial) -> Computed:
    """The module with its passes captured, for batches of a trial's size; in the state in which it was.

    Raises whatever capturing does, and RuntimeError where a replay gives other logits than the module.
    """
    device = next(module.parameters()).device
    draws = torch.Generator().manual_seed(0)
    images = torch.randn((trial.batch, *trial.shape), generator=draws).to(device)
    state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    was_training = module.training
    module.train()
    try:
        with computing_in(trial.precision, device):
            # A module of its own is captured: the given one computes batches of other shapes, and is evaluated.
            forward: Forward = torch.cuda.make_graphed_callables(_Whole(module), (images.clone(),))
            _check(forward(images), module(images))
    finally:
        module.load_state_dict(state)  # captures and replays have moved batch norm's statistics
        module.train(was_training)
    return Computed(module, forward)


def seconds_as_made(network: Computed, trial: Trial) -> dict[Made, float]:
    """Seconds of forward and backward of a module as it is, and of its replay."""
    return seconds_of_update(
        network.module, trial, {"eager": lambda: network.module, "graphed": lambda: network.forward}
    )


class _Whole(nn.Module):
    """A network, as the part of another module."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)


def _check(replayed: Any, wanted: Any) -> None:
    if not isinstance(replayed, Tensor) or not isinstance(wanted, Tensor):
        raise TypeError("a network that gives more than logits can't be captured")
    off = (replayed - wanted).abs().max().item()
    if not off <= CLOSE * wanted.abs().max().item():
        raise RuntimeError(f"its replay gives other logits, {off:.2g} away")
