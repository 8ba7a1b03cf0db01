"""Batch norms while gradients of single classes are compared."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def frozen_statistics(module: nn.Module, images: Tensor) -> Iterator[None]:
    """Batch norms use the statistics of `images`, and nothing else changes them; as before afterwards.

    The images of one class have statistics of their own, which would be matched in place of what the network learns.
    """
    norms = [part for part in module.modules() if isinstance(part, _BatchNorm)]
    if not norms:
        yield
        return
    before = [(part.momentum, {name: value.clone() for name, value in part.state_dict().items()}) for part in norms]
    for part in norms:
        part.momentum = 1.0
        part.train()
    with torch.no_grad():
        module(images)
    for part in norms:
        part.eval()
    try:
        yield
    finally:
        for part, (momentum, state) in zip(norms, before, strict=True):
            part.momentum = momentum
            part.load_state_dict(state)
            part.train()
