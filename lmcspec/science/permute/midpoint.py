"""The network halfway between A and a permuted B: what matchings that look at images make good."""

from collections.abc import Mapping
from dataclasses import dataclass

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

    def loss(self, b: Mapping[str, Tensor], images: Tensor, labels: Tensor) -> Tensor:
        """The mean cross-entropy on a batch, differentiable by the parameters of `b`. Buffers have no gradient."""
        self.module.eval()
        for part in self.module.modules():
            if isinstance(part, _BatchNorm):
                part.train()
        state: dict[str, Tensor] = {}
        for name, _ in self.module.named_parameters():
            state[name] = (self.a[name].to(images.device) + b[name].to(images.device)) / 2
        for name, _ in self.module.named_buffers():
            if name in self.a:
                state[name] = _mean(self.a[name].to(images.device), b[name].detach().to(images.device))
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
    order = streams.permutation(images, "match", *address, "images", epoch)
    return torch.from_numpy(order[place * batch : (place + 1) * batch])


def _mean(a: Tensor, b: Tensor) -> Tensor:
    """A fresh tensor, as batch norm writes to its buffers; of integers A's."""
    return (a + b) / 2 if a.is_floating_point() else a.clone()
