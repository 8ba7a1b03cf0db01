"""SynFlow: the flow through a weight from an input of ones, in the network of absolute values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.func import functional_call

if TYPE_CHECKING:
    from lmcspec.catalog.criteria.synflow import Synflow


def scores(
    module: nn.Module, mask: Mapping[str, Tensor], config: "Synflow", shape: tuple[int, int, int], images: None = None
) -> dict[str, Tensor]:
    """|∂R/∂|w|| |w|, where R is the sum of the logits for one image of ones.

    As in the published code every parameter and buffer has its absolute value: weights under the mask, biases, and
    batch norm's scale, shift and running statistics, which it uses (evaluation mode). Whole numbers, truth values and
    complex ones stay: they are places, choices and phases, through which nothing flows. In float64, because R is a
    product over the layers. The module stays as it is.
    """
    # Not a copy: layers may hold tensors between two calls that can't be copied, as those of weight_norm do.
    tensors = (*module.named_parameters(), *module.named_buffers())
    values = {name: _size(tensor.detach()) for name, tensor in tensors}
    weights = {name: values[name].masked_fill(~keep.to(values[name].device), 0.0) for name, keep in mask.items()}
    leaves = [value.requires_grad_() for value in weights.values()]
    ones = torch.ones(1, *shape, dtype=torch.float64, device=leaves[0].device)
    modes = {layer: layer.training for layer in module.modules()}
    module.eval()
    try:
        flow = functional_call(module, values | weights, (ones,)).sum()
    finally:
        for layer, mode in modes.items():
            layer.training = mode
    gradients = torch.autograd.grad(flow, leaves, materialize_grads=True)
    return {name: (g * w).abs().detach() for (name, w), g in zip(weights.items(), gradients, strict=True)}


def _size(tensor: Tensor) -> Tensor:
    return tensor.to(torch.float64).abs() if tensor.is_floating_point() else tensor
