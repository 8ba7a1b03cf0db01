"""The network between A and a permuted B, halfway or elsewhere: what matchings that look at images make good."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from torch.nn.modules.batchnorm import _BatchNorm

from lmcspec.base import streams
from lmcspec.base.addresses import Address
from lmcspec.science.data.resident import Split
from lmcspec.science.evaluate import Evaluation
from lmcspec.science.paths import Ends, Evaluated, Refill, curves


@dataclass(frozen=True, slots=True, eq=False)
class Midpoint:
    """(A + B) / 2, where B is whatever state it is asked about; batch norm takes the statistics of the images at hand.

    The module lends its forward pass and its tensors: its own weights are lost, and its modes are set.
    """

    module: nn.Module
    a: Mapping[str, Tensor]

    def loss(self, b: Mapping[str, Tensor], images: Tensor, labels: Tensor, alpha: float = 0.5) -> Tensor:
        """The mean cross-entropy of (1 - alpha) A + alpha B on a batch, differentiable by the parameters of `b`.

        Buffers have no gradient.
        """
        self.module.eval()
        for part in self.module.modules():
            if isinstance(part, _BatchNorm):
                part.train()
        state: dict[str, Tensor] = {}
        for name, _ in self.module.named_parameters():
            state[name] = (1 - alpha) * self.a[name].to(images.device) + alpha * b[name].to(images.device)
        for name, _ in self.module.named_buffers():
            if name in self.a:
                state[name] = _mixed(self.a[name].to(images.device), b[name].detach().to(images.device), alpha)
        return cross_entropy(functional_call(self.module, state, (images,)), labels)

    def evaluate(self, b: Mapping[str, Tensor], split: Split) -> Evaluation:
        """Error and loss on a split, in evaluation mode; batch norm's statistics are taken anew on its images."""
        ends = Ends(self.a, {name: tensor.detach() for name, tensor in b.items()})
        curve = curves(self.module, ends, (0.5,), Evaluated(split), ("recompute",), Refill(split))["recompute"]
        return curve.test[0]


def rows(images: int, batch: int, step: int, *address: Address) -> Tensor:
    """Which of so many images are in the batch of a step, int64: a function of the step and the address alone.

    Each epoch has an order of its own from the stream `match`; its last, partial batch counts.
    """
    epoch, place = divmod(step, -(-images // batch))
    return torch.from_numpy(_order(images, epoch, address)[place * batch : (place + 1) * batch].copy())


@lru_cache(maxsize=2)
def _order(images: int, epoch: int, address: tuple[Address, ...]) -> np.ndarray:
    """That of an epoch; its steps come one after another."""
    order = streams.permutation(images, "match", *address, "images", epoch)
    order.flags.writeable = False
    return order


def _mixed(a: Tensor, b: Tensor, alpha: float) -> Tensor:
    """A fresh tensor, as batch norm writes to its buffers; of integers A's."""
    return (1 - alpha) * a + alpha * b if a.is_floating_point() else a.clone()
