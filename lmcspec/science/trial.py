"""Which of several ways to compute an update of a network is the quickest: each is timed, in turn."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcspec.catalog.recipe import Precision
from lmcspec.science.auxiliary import loss_of_outputs
from lmcspec.science.computed import Forward
from lmcspec.science.precision import autocast, computing_in

Name = TypeVar("Name", bound=str)

GAIN = 1.05
"""So much quicker another way has to be: less is within what a busy machine makes of it."""
ROUNDS = 5


class Trial(NamedTuple):
    """On what an update is timed: the images that it takes, their classes, and the numbers in which it computes."""

    batch: int
    shape: tuple[int, int, int]
    classes: int
    precision: Precision


def seconds_of_update(module: nn.Module, trial: Trial, ways: Mapping[Name, Callable[[], Forward]]) -> dict[Name, float]:
    """Seconds of forward and backward by each of some ways, on random images: the least of ROUNDS rounds.

    A way is entered before it is timed, and gives what computes the module. A first round is not counted. Buffers and
    mode of the module come out as they were. On a CPU the processor's time of this process is what counts.
    """
    device = next(module.parameters()).device
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    draws = torch.Generator().manual_seed(0)
    images = torch.randn((trial.batch, *trial.shape), generator=draws).to(device)
    labels = torch.randint(trial.classes, (trial.batch,), generator=draws).to(device)
    least = dict.fromkeys(ways, float("inf"))
    was_training, buffers = module.training, [(buffer, buffer.clone()) for buffer in module.buffers()]
    module.train()
    devices = [] if device.type == "cpu" else [device]
    try:
        with torch.random.fork_rng(devices), computing_in(trial.precision, device):
            for round in range(1 + ROUNDS):
                for name, enter in ways.items():
                    seconds = _timed(enter(), parameters, images, labels, trial.precision)
                    least[name] = min(least[name], seconds if round else float("inf"))
    finally:
        module.train(was_training)
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
    return least


def quickest(seconds: Mapping[Name, float]) -> Name:
    """The way to take: the first, or another that is quicker by GAIN."""
    first, *others = seconds
    best = min(others, key=lambda name: seconds[name], default=first)
    return best if seconds[best] * GAIN < seconds[first] else first


def _timed(
    forward: Forward, parameters: list[nn.Parameter], images: Tensor, labels: Tensor, precision: Precision
) -> float:
    clock = time.process_time if images.device.type == "cpu" else time.perf_counter
    settle(images.device)
    begun = clock()
    with autocast(precision, images.device):
        outputs = forward(images)
    loss = loss_of_outputs(outputs, lambda logits: cross_entropy(logits.float(), labels))
    torch.autograd.grad(loss, parameters, allow_unused=True)
    settle(images.device)
    return clock() - begun


def settle(device: torch.device) -> None:
    """Wait until a GPU has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
