"""A network under a mask as a function of its prunable weights, for criteria that differentiate it."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lmcspec.science.data.resident import Split
from lmcspec.science.dropout import silence


def weights(module: nn.Module, mask: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The surviving prunable weights, masked ones zero, as leaves that gradients can be taken for."""
    parameters = dict(module.named_parameters())
    return {
        name: parameters[name].detach().masked_fill(~keep.to(parameters[name].device), 0.0).requires_grad_()
        for name, keep in mask.items()
    }


def outputs(module: nn.Module, weights: Mapping[str, Tensor], images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
    """Logits (n, classes) with these weights in place of the network's own; its buffers stay.

    In training mode a pair, of which the second are auxiliary logits, where the network has them.
    """
    buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
    return functional_call(module, {**weights, **buffers}, (images,))


def set_mode(module: nn.Module, mode: str) -> None:
    """Training or evaluation mode; no dropout in either, because scores are no matter of chance."""
    module.train(mode == "train")
    silence(module)


def masked(gradients: Mapping[str, Tensor], mask: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Gradients of surviving weights, zero elsewhere."""
    return {name: value.masked_fill(~mask[name].to(value.device), 0.0) for name, value in gradients.items()}


def batches(images: Split, size: int) -> Iterator[tuple[Tensor, Tensor, float]]:
    """(x, y, share of all images) in as few batches as hold at most `size` each, as equal as can be.

    Batch b of B takes every B-th image from b on, so that each has all classes even where images are sorted by class.
    """
    count = -(-len(images) // size)
    for first in range(count):
        x, y = images.batch(torch.arange(first, len(images), count))
        yield x, y, len(y) / len(images)
