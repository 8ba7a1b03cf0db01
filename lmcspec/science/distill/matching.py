"""How far apart two gradients of a network are: the distances of gradient matching."""

from collections.abc import Sequence
from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lmcspec.science.attention import twice_differentiable

TINY = 1e-6


def gradients(
    module: nn.Module, images: Tensor, labels: Tensor, parameters: Sequence[Tensor], *, graph: bool = False
) -> list[Tensor]:
    """The gradients of the mean cross-entropy; with `graph` they can be differentiated by the images."""
    with twice_differentiable() if graph else nullcontext():
        loss = cross_entropy(module(images), labels)
        derivatives = torch.autograd.grad(loss, parameters, create_graph=graph)
    return list(derivatives) if graph else [gradient.detach() for gradient in derivatives]


def by_unit(real: Sequence[Tensor], synthetic: Sequence[Tensor]) -> Tensor:
    """Sum over units of 1 - cos(real, synthetic): the distance of DC (Zhao et al. 2021).

    A unit is a row of a weight (out, in, …), so there are `out` of them. Biases and norms, which have one dimension,
    count nothing. 1e-6 is added to the product of the norms.
    """
    total = synthetic[0].new_zeros(())
    for of_real, of_made in zip(real, synthetic, strict=True):
        if of_real.ndim > 1:
            of_real, of_made = of_real.flatten(1), of_made.flatten(1)
            together = (of_real * of_made).sum(1)
            total = total + (1 - together / (of_real.norm(dim=1) * of_made.norm(dim=1) + TINY)).sum()
    return total


def squared(real: Sequence[Tensor], synthetic: Sequence[Tensor]) -> Tensor:
    """Sum of (real - synthetic)^2 over all values."""
    return torch.stack(
        [(of_real - of_made).square().sum() for of_real, of_made in zip(real, synthetic, strict=True)]
    ).sum()


def absolute(real: Sequence[Tensor], synthetic: Sequence[Tensor]) -> Tensor:
    """Sum of |real - synthetic| over all values."""
    return torch.stack(
        [(of_real - of_made).abs().sum() for of_real, of_made in zip(real, synthetic, strict=True)]
    ).sum()


DISTANCES = {"cosine": by_unit, "mse": squared, "l1": absolute}
