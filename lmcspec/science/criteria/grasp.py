"""GraSP: how much of the gradient's norm would go with a weight."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lmcspec.science.attention import twice_differentiable
from lmcspec.science.auxiliary import loss_of_outputs
from lmcspec.science.criteria import masked
from lmcspec.science.data.resident import Split

if TYPE_CHECKING:
    from lmcspec.catalog.criteria.grasp import Grasp


def scores(
    module: nn.Module, mask: Mapping[str, Tensor], config: "Grasp", shape: tuple[int, int, int], images: Split
) -> dict[str, Tensor]:
    """w ⊙ Hg, with g and H the gradient and Hessian of the loss with respect to the surviving weights.

    The loss is the mean cross-entropy of logits divided by `config.temperature`. To first order |g|^2 / 2 gains -w ⊙ Hg
    if a weight goes. The paper removes the weights where that is largest, so here the smallest w ⊙ Hg are pruned, and
    the sign counts. With several batches, g is that of all of them. Buffers and mode of the module stay as they are.
    """
    weights = masked.weights(module, mask)
    leaves = list(weights.values())
    was_training = module.training
    masked.set_mode(module, config.mode)

    def loss(x: Tensor, y: Tensor, share: float) -> Tensor:
        outputs = masked.outputs(module, weights, x)
        return share * loss_of_outputs(outputs, lambda logits: F.cross_entropy(logits / config.temperature, y))

    try:
        total = [torch.zeros_like(value, requires_grad=False) for value in leaves]
        for batch in masked.batches(images, config.batch):
            gradients = torch.autograd.grad(loss(*batch), leaves, materialize_grads=True)
            for sum_, gradient in zip(total, gradients, strict=True):
                sum_ += gradient
        fixed = masked.masked(dict(zip(weights, total, strict=True)), mask)
        product = [torch.zeros_like(value, requires_grad=False) for value in leaves]
        for batch in masked.batches(images, config.batch):
            with twice_differentiable():
                gradients = torch.autograd.grad(loss(*batch), leaves, create_graph=True, materialize_grads=True)
            along = torch.stack([(g * v).sum() for g, v in zip(gradients, fixed.values(), strict=True)]).sum()
            # A weight on which the gradient does not depend has a Hessian of zeros there.
            for sum_, column in zip(product, torch.autograd.grad(along, leaves, materialize_grads=True), strict=True):
                sum_ += column
    finally:
        module.train(was_training)
    return {name: value.detach() * column for (name, value), column in zip(weights.items(), product, strict=True)}
