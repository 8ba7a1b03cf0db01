"""Whether several networks are quicker as one program than one after the other: measured, for some numbers of them."""

import copy
import time
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lmcspec.base.machine import out_of_memory
from lmcspec.science.computed import Computed
from lmcspec.science.precision import autocast, computing_in
from lmcspec.science.replicas import Stack, losses_of
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
    device = next(network.module.parameters()).device
    draws = torch.Generator().manual_seed(0)
    images = torch.randn((trial.batch, *trial.shape), generator=draws).to(device)
    labels = torch.randint(trial.classes, (trial.batch,), generator=draws).to(device)
    state = {name: tensor.clone() for name, tensor in network.module.state_dict().items()}
    was_training = network.module.training
    network.module.train()
    quicker: dict[int, float] = {}
    try:
        with torch.random.fork_rng([] if device.type == "cpu" else [device]), computing_in(trial.precision, device):
            for size in sizes:
                if (gain := _gain(network, size, trial, (images, labels), room)) is None:
                    break
                quicker[size] = gain
                if gain < HOPELESS:
                    break
    finally:
        network.module.load_state_dict(state)
        network.module.train(was_training)
    return quicker


def _gain(network: Computed, size: int, trial: Trial, batch: tuple[Tensor, Tensor], room: int | None) -> float | None:
    """None where there is not memory enough."""
    device, on_gpu = batch[0].device, batch[0].device.type == "cuda"
    clock = time.perf_counter if on_gpu else time.process_time
    parameters = [parameter for parameter in network.module.parameters() if parameter.requires_grad]

    def alone() -> None:
        with autocast(trial.precision, device):
            logits = network.forward(batch[0])
        torch.autograd.grad(cross_entropy(logits.float(), batch[1]), parameters)

    try:
        stack = Stack([copy.deepcopy(network.module) for _ in range(size)])
        images, stacked = batch[0].expand(size, *batch[0].shape).contiguous(), list(stack.parameters.values())

        def together() -> None:
            with autocast(trial.precision, device):
                logits = stack(images)
            torch.autograd.grad(losses_of(logits.float(), [batch[1]] * size).sum(), stacked)

        least = {alone: float("inf"), together: float("inf")}
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(device)
        for round in range(1 + ROUNDS):
            for way in least:
                settle(device)
                begun = clock()
                way()
                settle(device)
                least[way] = min(least[way], clock() - begun if round else float("inf"))
    except Exception as error:
        if out_of_memory(error):
            return None
        raise
    if on_gpu and room is not None and torch.cuda.max_memory_reserved(device) > room:
        return None
    return size * least[alone] / least[together]
