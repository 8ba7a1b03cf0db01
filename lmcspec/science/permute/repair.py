"""What a network between two others lacks: activations as large as theirs.

Between two networks the variance of activations collapses (Jordan et al. 2023, REPAIR). Batch norm heals that, if its
statistics are taken anew; a network without norms gets back what it lost by its weights. Layer norm needs neither.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from lmcspec.science.paths import has_batch_norm, recompute
from lmcspec.science.permute.groups import Groups

EPS = 1e-9
"""Added to variances, so that rounding is not all that is left of a unit that never changes; torch's 1e-5 would leave
units of a small variance too small."""

Batches = Iterable[tuple[Tensor, Tensor]]
"""Images (n, C, H, W) and labels, on the module's device, as often as wanted: `evaluate.InOrder`."""
Layer = _ConvNd | nn.Linear
_NORMS = (_BatchNorm, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm, nn.modules.instancenorm._InstanceNorm)


def mixed(a: Mapping[str, Tensor], b: Mapping[str, Tensor], alpha: float = 0.5) -> dict[str, Tensor]:
    """(1 - alpha) a + alpha b, of integer buffers a's."""
    return {
        name: (1 - alpha) * tensor + alpha * b[name] if tensor.is_floating_point() else tensor.clone()
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
    """The state with batch norm's running statistics taken anew (`paths.recompute`). The module stays as it is."""
    module = _at(module, state)
    recompute(module, batches)
    return _state(module)


def hidden_layers(module: nn.Module, groups: Groups) -> tuple[str, ...]:
    """The convolutions and linear layers whose units belong to a group: all but those that give the output."""
    hidden = []
    for name, layer in module.named_modules():
        if isinstance(layer, Layer):
            axes = groups.axes[f"{name}.weight" if name else "weight"]
            if any(block.group is not None for block in axes[_axis_of_units(layer)]):
                hidden.append(name)
    return tuple(hidden)


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
    s_b; it is then worked into weight and bias. Statistics are `paths.recompute`'s: the means over batches of each
    batch's mean and variance, with all norms before a layer at work on the same batch. In a single batch they are
    exact. ValueError for a network with batch norm, whose statistics are to be taken anew instead, and for a layer
    that has no bias or shares its weight with another.
    """
    if has_batch_norm(module):
        raise ValueError("a network with batch norm needs no repair: take its statistics anew (with_statistics)")
    _check(module, layers)
    wanted = [_statistics(_at(module, end), layers, batches) for end in (a, b)]
    module = _at(module, mixed(a, b, alpha))
    norms = _with_norms(module, layers, passive=False)
    with torch.no_grad():
        for name, norm in norms.items():
            (mean_a, deviation_a), (mean_b, deviation_b) = (end[name] for end in wanted)
            norm.bias.copy_((1 - alpha) * mean_a + alpha * mean_b)
            norm.weight.copy_((1 - alpha) * deviation_a + alpha * deviation_b)
    recompute(module, batches)
    return _folded(module, norms)


class _UnitNorm(nn.BatchNorm1d):
    """A norm behind a layer, over all that a unit gives in a batch, by population variances.

    It is a batch norm by its statistics alone, which `recompute` sees to. A `passive` norm takes these and no more.
    """

    def __init__(self, layer: Layer, passive: bool) -> None:
        weight = layer.weight
        super().__init__(weight.shape[_axis_of_units(layer)], device=weight.device, dtype=weight.dtype)
        self.layer, self._passive = layer, passive
        self._axis = -1 if isinstance(layer, nn.Linear) else 1
        self._batches = 0

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and variance of each unit, over the batches so far."""
        assert self.running_mean is not None and self.running_var is not None
        return self.running_mean, self.running_var

    def forward(self, input: Tensor) -> Tensor:
        output = self.layer(input)
        last = output.movedim(self._axis, -1)
        variance, mean = torch.var_mean(last.flatten(0, -2), 0, correction=0)
        self._batches += 1
        for so_far, of_batch in zip(self.statistics(), (mean, variance), strict=True):
            so_far.lerp_(of_batch, 1 / self._batches)
        if self._passive:
            return output
        return ((last - mean) * self.scale(variance) + self.bias).movedim(-1, self._axis)

    def scale(self, variance: Tensor) -> Tensor:
        """What deviations are multiplied by."""
        return self.weight / (variance + EPS).sqrt()


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
            if len(names := uses[id(parameter)]) > 1:
                raise ValueError(f"{name!r} can't be repaired: {names[0]} and {names[1]} are the same tensor")


def _statistics(module: nn.Module, layers: Sequence[str], batches: Batches) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and standard deviation of each unit of the layers' outputs."""
    norms = _with_norms(module, layers, passive=True)
    recompute(module, batches)
    statistics = {name: norm.statistics() for name, norm in norms.items()}
    return {name: (mean, variance.sqrt()) for name, (mean, variance) in statistics.items()}


def _with_norms(module: nn.Module, layers: Sequence[str], passive: bool) -> dict[str, _UnitNorm]:
    norms = {name: _UnitNorm(cast(Layer, module.get_submodule(name)), passive) for name in layers}
    for name, norm in norms.items():
        module.set_submodule(name, norm)
    return norms


def _folded(module: nn.Module, norms: Mapping[str, _UnitNorm]) -> dict[str, Tensor]:
    """The module's state with the norms worked into the layers that they are behind."""
    with torch.no_grad():
        for name, norm in norms.items():
            layer, (mean, variance) = norm.layer, norm.statistics()
            scale = norm.scale(variance)
            assert layer.bias is not None
            layer.bias.copy_((layer.bias - mean) * scale + norm.bias)
            weight = layer.weight.movedim(_axis_of_units(layer), -1)
            weight.mul_(scale)
            module.set_submodule(name, layer)
    return _state(module)


def _axis_of_units(layer: Layer) -> int:
    """The axis of a layer's weight on which its output's units lie."""
    return 1 if isinstance(layer, _ConvTransposeNd) else 0


def _at(module: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """A copy of the module that holds this state."""
    module = copy.deepcopy(module)
    module.load_state_dict(dict(state))
    return module


def _state(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
