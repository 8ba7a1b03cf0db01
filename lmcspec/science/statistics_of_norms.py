"""Batch norm's running statistics, taken anew on given images."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lmcspec.science.several import Several


def has_batch_norm(module: nn.Module) -> bool:
    """Whether running statistics decide what the module computes in evaluation mode."""
    return bool(_norms(module))


def recompute(module: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Fresh running statistics from these batches: the mean over batches of each batch's mean and variance."""
    recompute_each(Several([module]), batches)


def recompute_each(
    networks: Several, batches: Iterable[tuple[Tensor, Tensor]], pulse: Callable[[int], None] = lambda networks: None
) -> None:
    """As `recompute`, of several networks in one pass over the batches.

    `pulse` is called with how many networks have looked at another batch, and may raise.
    """
    norms = [norm for module in networks.modules for norm in _norms(module)]
    momenta = [norm.momentum for norm in norms]
    for module in networks.modules:
        module.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's way to ask for the cumulative average
        norm.train()
    looking = networks.one_by_one()
    try:
        with torch.no_grad():
            for number, (x, _) in enumerate(batches, 1):
                if number == 2 and networks.stacked > 1 and all(norm.num_batches_tracked == 1 for norm in norms):
                    looking = networks
                if looking.stacked > 1:
                    # A stack can't look at how many batches there were: the share is what it would be.
                    for norm in norms:
                        norm.momentum = 1 / number
                for logits in looking.logits(x):
                    pulse(len(logits))
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()


def _norms(module: nn.Module) -> list[_BatchNorm]:
    return [part for part in module.modules() if isinstance(part, _BatchNorm) and part.track_running_stats]
