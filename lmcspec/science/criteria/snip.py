"""SNIP: what the loss would lose first if a weight's connection were weakened."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lmcspec.science.auxiliary import loss_of_outputs
from lmcspec.science.criteria import masked
from lmcspec.science.data.resident import Split

if TYPE_CHECKING:
    from lmcspec.catalog.criteria.snip import Snip


def scores(
    module: nn.Module, mask: Mapping[str, Tensor], config: "Snip", shape: tuple[int, int, int], images: Split
) -> dict[str, Tensor]:
    """|∂L/∂c| at c = 1, which is |g w|: L is the mean cross-entropy of the images under weights c m w, g its gradient.

    In training mode batch norm takes the statistics of each batch of at most `config.batch` images. Buffers and mode of
    the module stay as they are.
    """
    weights = masked.weights(module, mask)
    total = {name: torch.zeros_like(value, requires_grad=False) for name, value in weights.items()}
    was_training = module.training
    masked.set_mode(module, config.mode)
    try:
        for x, y, share in masked.batches(images, config.batch):
            outputs = masked.outputs(module, weights, x)
            loss = share * loss_of_outputs(outputs, lambda logits, y=y: F.cross_entropy(logits, y))
            # Weights that this mode doesn't use, such as those of an auxiliary classifier, change nothing.
            gradients = torch.autograd.grad(loss, list(weights.values()), materialize_grads=True)
            for name, gradient in zip(weights, gradients, strict=True):
                total[name] += gradient
    finally:
        module.train(was_training)
    return {name: (total[name] * value.detach()).abs() for name, value in weights.items()}
