"""Whether several networks are quicker as one program than one after the other: measured, for some numbers of them."""

import copy
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcspec.base.machine import out_of_memory
from lmcspec.science.computed import Computed
from lmcspec.science.precision import autocast, computing_in
from lmcspec.science.replicas import losses_of
from lmcspec.science.stack import Stack
from lmcspec.science.trial import ROUNDS, Trial, settle

SIZES = (2, 4, 8)
HOPELESS = 0.9
"""Where so many are slower than this, more of them are not tried."""


def gains(network: Computed, trial: Trial, sizes: Sequence[int] = SIZES, room: int | None = None) -> dict[int, float]:
    """How many times as quick an update of n networks is as one program, for some numbers n, as one after the other.

    Forward and backward, on random images, the least seconds of ROUNDS rounds of both in turn; on a CPU of this
    process's time. A number that takes more than `room` bytes of a GPU's memory is left out, and so are all after it.
    The network, whose mode it is that counts, comes out as it was. Raises whatever a network does that can't be
    stacked.
    """
    parameters = [parameter for parameter in network.module.parameters() if parameter.requires_grad]
    images, labels = _batch(network.module, trial)

    def alone() -> None:
        with autocast(trial.precision, images.device):
            logits = network.forward(images)
        torch.autograd.grad(cross_entropy(logits.float(), labels), parameters)

    def together(size: int) -> _Way:
        stack = Stack([copy.deepcopy(network.module) for _ in range(size)])
        several, stacked = images.expand(size, *images.shape).contiguous(), list(stack.parameters.values())

        def way() -> None:
            with autocast(trial.precision, images.device):
                logits = stack(several)
            torch.autograd.grad(losses_of(logits.float(), [labels] * size).sum(), stacked)

        return way

    return _gains(network.module, trial, alone, together, sizes, room)


def gains_of_looks(
    module: nn.Module, trial: Trial, sizes: Sequence[int] = SIZES, room: int | None = None
) -> dict[int, float]:
    """As `gains`, of forward passes in evaluation mode, in which all networks look at the same images."""
    images, _ = _batch(module, trial)

    def alone() -> None:
        with torch.no_grad():
            module(images)

    def together(size: int) -> _Way:
        stack = Stack([copy.deepcopy(module) for _ in range(size)])

        def way() -> None:
            with torch.no_grad():
                stack.on_the_same(images)

        return way

    return _gains(module, trial, alone, together, sizes, room, training=False)


_Way = Callable[[], None]


def _batch(module: nn.Module, trial: Trial) -> tuple[Tensor, Tensor]:
    """Random images and labels."""
    draws = torch.Generator().manual_seed(0)
    images = torch.randn((trial.batch, *trial.shape), generator=draws)
    labels = torch.randint(trial.classes, (trial.batch,), generator=draws)
    device = next(module.parameters()).device
    return images.to(device), labels.to(device)


def _gains(
    module: nn.Module,
    trial: Trial,
    alone: _Way,
    together: Callable[[int], _Way],
    sizes: Sequence[int],
    room: int | None,
    training: bool = True,
) -> dict[int, float]:
    device = next(module.parameters()).device
    state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    was_training = module.training
    module.train(training)
    quicker: dict[int, float] = {}
    try:
        with torch.random.fork_rng([] if device.type == "cpu" else [device]), computing_in(trial.precision, device):
            for size in sizes:
                if (gain := _gain(size, device, alone, together, room)) is None:
                    break
                quicker[size] = gain
                if gain < HOPELESS:
                    break
    finally:
        module.load_state_dict(state)
        module.train(was_training)
    return quicker


def _gain(
    size: int, device: torch.device, alone: _Way, together: Callable[[int], _Way], room: int | None
) -> float | None:
    """None where there is not memory enough."""
    on_gpu = device.type == "cuda"
    clock = time.perf_counter if on_gpu else time.process_time
    try:
        ways = (alone, together(size))
        least = [float("inf")] * len(ways)
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(device)
        for round in range(1 + ROUNDS):
            for place, way in enumerate(ways):
                settle(device)
                begun = clock()
                way()
                settle(device)
                least[place] = min(least[place], clock() - begun if round else float("inf"))
    except Exception as error:
        if out_of_memory(error):
            return None
        raise
    if on_gpu and room is not None and torch.cuda.max_memory_reserved(device) > room:
        return None
    return size * least[0] / least[1]
