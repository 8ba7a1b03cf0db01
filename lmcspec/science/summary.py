"""What a plan wants to know of a model: its size, its prunable tensors, its arithmetic."""

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from lmcspec.base.facts import ModelFacts
from lmcspec.science.masks import prunable
from lmcspec.science.paths import has_batch_norm


def model_facts(module: nn.Module, shape: tuple[int, int, int]) -> ModelFacts:
    """Facts of a module on images of `shape` (channels, height, width), from one image in evaluation mode.

    On the meta device nothing is computed, but its first use in a process costs seconds of imports; a module that
    lies elsewhere computes one black image and keeps its state.

    Multiply-adds are those of convolutions and linear layers for one image, by the shapes they meet; elements of
    buffers (batch norm's statistics) are counted in `buffers`.
    """
    parameters = dict(module.named_parameters())
    buffers = dict(module.named_buffers())
    weights: dict[nn.Module, torch.Size] = {
        layer: layer.weight.shape for layer in module.modules() if isinstance(layer, (_ConvNd, nn.Linear))
    }
    macs = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal macs
        units = inputs[0] if getattr(layer, "transposed", False) else output
        macs += units.numel() * math.prod(weights[layer][1:])

    hooks = [layer.register_forward_hook(count) for layer in weights]
    was_training = module.training
    module.eval()
    try:
        device = next(iter(parameters.values())).device
        with torch.no_grad():
            module(torch.zeros(1, *shape, device=device))
    finally:
        module.train(was_training)
        for hook in hooks:
            hook.remove()
    return ModelFacts(
        parameters=sum(p.numel() for p in parameters.values()),
        prunable=tuple((name, tuple(parameters[name].shape)) for name in prunable(module)),
        macs=macs,
        has_batch_norm=has_batch_norm(module),
        buffers=sum(tensor.numel() for tensor in buffers.values()),
    )
