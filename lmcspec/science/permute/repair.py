"""What a network between two others lacks: activations as large as theirs.

Between two networks the variance of activations collapses (Jordan et al. 2023, REPAIR). Batch norm heals that, if its
statistics are taken anew; a network without norms gets back what it lost by its weights. Layer norm needs neither.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvTransposeNd

from lmcspec.science.permute.groups import Groups
from lmcspec.science.statistics_of_norms import has_batch_norm, recompute
from lmcspec.science.unit_norms import EPS, Batches, Layer, UnitNorms, UnitStatistics, axis_of_units, behind, between

_NORMS = (_BatchNorm, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm, nn.modules.instancenorm._InstanceNorm)


def mixed(a: Mapping[str, Tensor], b: Mapping[str, Tensor], alpha: float = 0.5) -> dict[str, Tensor]:
    """(1 - alpha) a + alpha b, of integer buffers a's; on a's device."""
    return {
        name: (1 - alpha) * tensor + alpha * b[name].to(tensor.device) if tensor.is_floating_point() else tensor.clone()
        for name, tensor in a.items()
    }


def merged(
    module: nn.Module,
    groups: Groups,
    a: Mapping[str, Tensor],
    b: Mapping[str, Tensor],
    batches: Batches,
    alpha: float = 0.5,
) -> dict[str, Tensor]:
    """The state (1 - alpha) a + alpha b of a module with its activations put right, by what the module asks for.

    Batch norm gets statistics of the batches, a network without any norm is repaired, and with other norms the mixture
    is right as it is. `b` has to be aligned to `a`. The module itself stays as it is.
    """
    if has_batch_norm(module):
        return with_statistics(module, mixed(a, b, alpha), batches)
    if any(isinstance(part, _NORMS) for part in module.modules()):
        return mixed(a, b, alpha)
    return repair(module, a, b, batches, hidden_layers(module, groups), alpha)


def with_statistics(module: nn.Module, state: Mapping[str, Tensor], batches: Batches) -> dict[str, Tensor]:
    """The state with batch norm's running statistics taken anew (`recompute`). The module stays as it is."""
    module = _at(module, state)
    recompute(module, batches)
    return _state(module)


def hidden_layers(module: nn.Module, groups: Groups) -> tuple[str, ...]:
    """The convolutions and linear layers whose units belong to a group: all but those that give the output."""
    return tuple(
        name for name, part in module.named_modules() if isinstance(part, Layer) and _hidden(name, part, groups)
    )


def hidden_places(module: nn.Module, groups: Groups) -> tuple[str, ...]:
    """The hidden layers, and the norms of single images that have a scale for each unit of a group.

    Among them is what the non-linearities see: what a norm gives, or a layer without one.
    """
    parts = module.named_modules()
    return tuple(name for name, part in parts if axis_of_units(part) is not None and _hidden(name, part, groups))


def _hidden(name: str, part: nn.Module, groups: Groups) -> bool:
    within = f"{name}." if name else ""
    if (axes := groups.axes.get(f"{within}weight")) is not None:
        return any(block.group is not None for block in axes[_axis_of_units(part)])
    # A weight that is computed, as by weight norm: its units are those of what it is made of, and of the bias.
    beneath = [axes[0] for tensor, axes in groups.axes.items() if tensor.startswith(within) and axes]
    return any(block.group is not None for blocks in beneath for block in blocks)


def repair(
    module: nn.Module,
    a: Mapping[str, Tensor],
    b: Mapping[str, Tensor],
    batches: Batches,
    layers: Sequence[str],
    alpha: float = 0.5,
) -> dict[str, Tensor]:
    """The state (1 - alpha) a + alpha b whose layers' outputs have the mean and deviation that lie between a's and b's.

    Of each unit of `layers`, with m and s its mean and deviation over the batches (and pixels) before the
    non-linearity, a norm brings the output to mean (1 - alpha) m_a + alpha m_b and deviation (1 - alpha) s_a + alpha
    s_b; it is then worked into weight and bias. Statistics are `recompute`'s: the means over batches of each
    batch's mean and variance, with all norms before a layer at work on the same batch. In a single batch they are
    exact. ValueError for a network with batch norm, whose statistics are to be taken anew instead, and for a layer
    that has no bias or shares its weight with another.
    """
    if has_batch_norm(module):
        raise ValueError("a network with batch norm needs no repair: take its statistics anew (with_statistics)")
    _check(module, layers)
    module = _at(module, a)
    with behind(module, layers) as norms:
        of_a = norms.watch(batches)
        module.load_state_dict(dict(b))
        goals = between(of_a, norms.watch(batches), alpha)
        module.load_state_dict(mixed(a, b, alpha))
        norms.settle(batches, goals)
        return _folded(module, norms, goals)


def _check(module: nn.Module, layers: Sequence[str]) -> None:
    uses: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        uses.setdefault(id(parameter), []).append(name)
    parts = dict(module.named_modules())
    for name in layers:
        layer = parts.get(name)
        if not isinstance(layer, Layer):
            raise ValueError(f"{name!r} is no convolution or linear layer of this network, and only these are repaired")
        if layer.bias is None:
            raise ValueError(f"{name!r} can't be repaired: it has no bias to take up the shift; build it with one")
        if isinstance(layer, _ConvTransposeNd) and layer.groups > 1:
            raise ValueError(f"{name!r} can't be repaired: it is a transposed convolution of several groups")
        for parameter in (layer.weight, layer.bias):
            if id(parameter) not in uses:
                raise ValueError(f"{name!r} can't be repaired: its weight or bias is computed from other tensors")
            if len(names := uses[id(parameter)]) > 1:
                raise ValueError(f"{name!r} can't be repaired: {names[0]} and {names[1]} are the same tensor")


def _folded(module: nn.Module, norms: UnitNorms, goals: Mapping[str, UnitStatistics]) -> dict[str, Tensor]:
    """The module's state with the norms worked into the layers that they are behind."""
    with torch.no_grad():
        for name, (mean, variance) in norms.statistics().items():
            layer, goal = cast(Layer, module.get_submodule(name)), goals[name]
            scale = goal.spread / (variance + EPS).sqrt()
            assert layer.bias is not None
            layer.bias.copy_((layer.bias - mean) * scale + goal.mean)
            weight = layer.weight.movedim(_axis_of_units(layer), -1)
            weight.mul_(scale)
    return _state(module)


def _axis_of_units(layer: nn.Module) -> int:
    """The axis of the weight of a layer, or of a norm, on which its output's units lie."""
    return 1 if isinstance(layer, _ConvTransposeNd) else 0


def _at(module: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """A copy of the module that holds this state."""
    module = copy.deepcopy(module)
    module.load_state_dict(dict(state))
    return module


def _state(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
