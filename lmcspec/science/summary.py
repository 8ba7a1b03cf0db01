"""What a plan wants to know of a model: its size, its prunable tensors, its arithmetic."""

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from lmcspec.base.facts import ModelFacts
from lmcspec.science.masks import prunable
from lmcspec.science.statistics_of_norms import has_batch_norm

_THREE = ("query", "key", "value")


def model_facts(module: nn.Module, shape: tuple[int, int, int]) -> ModelFacts:
    """Facts of a module on images of `shape` (channels, height, width), from one image in evaluation mode.

    On the meta device nothing is computed, but its first use in a process costs seconds of imports; a module that
    lies elsewhere computes one black image and keeps its state.

    Multiply-adds are those of convolutions, linear layers and attention's projections for one image, by the shapes they
    meet; elements of buffers (batch norm's statistics) are counted in `buffers`.
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

    def count_projections(
        layer: nn.Module, inputs: tuple[Tensor, ...], named: dict[str, Tensor], output: object
    ) -> None:
        """Add the products of attention, which multiplies by its weights itself: tokens times the size of each."""
        nonlocal macs
        query, key, value = (inputs[at] if at < len(inputs) else named[name] for at, name in enumerate(_THREE))
        assert isinstance(layer, nn.MultiheadAttention)
        width = layer.embed_dim
        for tokens, features in ((query, width), (key, layer.kdim), (value, layer.vdim), (query, width)):
            macs += tokens.shape[:-1].numel() * features * width

    attentions = [layer for layer in module.modules() if isinstance(layer, nn.MultiheadAttention)]
    for layer in attentions:
        weights.pop(layer.out_proj, None)
    hooks = [layer.register_forward_hook(count) for layer in weights]
    hooks += [layer.register_forward_hook(count_projections, with_kwargs=True) for layer in attentions]
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
