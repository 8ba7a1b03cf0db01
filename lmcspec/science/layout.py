"""How weights and activations of a convolutional network lie in memory: what only speed and the last bits see.

Channels first is the order of their shapes, (n, C, H, W); channels last keeps the channels of a pixel side by side.
"""

import time
from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcspec.catalog.recipe import Precision
from lmcspec.science.auxiliary import loss_of_outputs
from lmcspec.science.precision import autocast, computing_in

Layout = Literal["channels-first", "channels-last"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
GAIN = 1.05
"""So much quicker channels last have to be: less is within what a busy machine makes of it."""
ROUNDS = 5


class Trial(NamedTuple):
    """On what an update is timed: the images that it takes, their classes, and the numbers in which it computes."""

    batch: int
    shape: tuple[int, int, int]
    classes: int
    precision: Precision


def has_choice(module: nn.Module) -> bool:
    """Whether the layout makes a difference: of networks without convolutions of images it makes none."""
    return any(isinstance(part, nn.Conv2d) for part in module.modules())


def lay_out(module: nn.Module, layout: Layout) -> nn.Module:
    """The module with its weights in a layout, which its activations follow."""
    return module.to(memory_format=torch.channels_last if layout == "channels-last" else torch.contiguous_format)


def seconds_of_update(module: nn.Module, trial: Trial) -> dict[Layout, float]:
    """Seconds of forward and backward in each layout, on random images: the least of ROUNDS rounds, taken in turn.

    The module comes out as it was, in the first layout. On a CPU the processor's time of this process is what counts.
    """
    device = next(module.parameters()).device
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    draws = torch.Generator().manual_seed(0)
    images = torch.randn((trial.batch, *trial.shape), generator=draws).to(device)
    labels = torch.randint(trial.classes, (trial.batch,), generator=draws).to(device)
    least: dict[Layout, float] = dict.fromkeys(LAYOUTS, float("inf"))
    was_training, buffers = module.training, [(buffer, buffer.clone()) for buffer in module.buffers()]
    module.train()
    devices = [] if device.type == "cpu" else [device]
    try:
        with torch.random.fork_rng(devices), computing_in(trial.precision, device):
            for round in range(1 + ROUNDS):
                for layout in LAYOUTS:
                    lay_out(module, layout)
                    seconds = _timed(module, parameters, images, labels, trial.precision)
                    least[layout] = min(least[layout], seconds if round else float("inf"))
    finally:
        lay_out(module, LAYOUTS[0]).train(was_training)
        for buffer, before in buffers:
            buffer.copy_(before)
    return least


def quickest(seconds: Mapping[Layout, float]) -> Layout:
    """The layout to take, by the seconds of an update in each."""
    return "channels-last" if seconds["channels-last"] * GAIN < seconds["channels-first"] else "channels-first"


def _timed(
    module: nn.Module, parameters: list[nn.Parameter], images: Tensor, labels: Tensor, precision: Precision
) -> float:
    clock = time.process_time if images.device.type == "cpu" else time.perf_counter
    _settle(images.device)
    begun = clock()
    with autocast(precision, images.device):
        outputs = module(images)
    loss = loss_of_outputs(outputs, lambda logits: cross_entropy(logits.float(), labels))
    torch.autograd.grad(loss, parameters, allow_unused=True)
    _settle(images.device)
    return clock() - begun


def _settle(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
