"""A network without its dead units: the same function and the same gradients by fewer operations.

Its tensors are those of the whole network without the entries of dead units; images enter without the pixels that no
weight reads. It is tried by numbers before it is taken: what is not seen in a forward pass may read units otherwise.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn import functional

from lmcspec.science import dead
from lmcspec.science.permute.algebra import positions
from lmcspec.science.permute.groups import Groups
from lmcspec.science.permute.selfcheck import randomised

TOLERANCE = 1e-9
"""Of the largest output, gradient or statistic, in float64: more is another function, and the network is left whole."""
_IMAGES, _TRIES = 3, 2


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """A network without its dead units, and where the entries of its tensors stand in the whole ones."""

    module: nn.Module
    places: Mapping[str, tuple[Tensor, ...]]
    """Of each tensor of the state that is smaller, the entries of each axis that are kept."""
    units: dead.Units
    """What is kept of each group."""

    def take(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Of tensors of the whole network, by the names of its state, those of the small one."""
        return {name: self.taken(name, tensor) for name, tensor in tensors.items()}

    def taken(self, name: str, tensor: Tensor) -> Tensor:
        """Of one tensor, of the shape of `name`."""
        for axis, places in enumerate(self.places.get(name, ())):
            if len(places) < tensor.shape[axis]:
                tensor = tensor.index_select(axis, places.to(tensor.device))
        return tensor

    def left(self, name: str, shape: torch.Size) -> Tensor:
        """Bool: which entries of a tensor of this name and shape are none of the small network's."""
        out = torch.ones(shape, dtype=torch.bool)
        self.put(name, torch.zeros((), dtype=torch.bool), out)
        return out

    def put(self, name: str, small: Tensor, whole: Tensor) -> None:
        """Write a tensor of the small network to where it stands in the whole one."""
        whole[torch.meshgrid(*(places.to(whole.device) for places in self.places[name]), indexing="ij")] = small


class _Choosing(nn.Module):
    """A linear layer that reads some of the numbers that enter it."""

    def __init__(self, layer: nn.Linear, chosen: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias
        self.register_buffer("chosen", chosen.to(layer.weight.device), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x.index_select(-1, self.get_buffer("chosen")), self.weight, self.bias)


def shrink(
    module: nn.Module,
    groups: Groups,
    weights: Mapping[str, Tensor],
    shape: tuple[int, ...],
    held: dead.Units = MappingProxyType({}),
    fading: Mapping[str, float] = MappingProxyType({}),
    least: float = 0.0,
) -> Shrunk | None:
    """The network without the units that nothing reads where `weights` may be other than zero at True; None if all are.

    `weights` has bool tensors by names of the state, such as a mask. On images of `shape` the small network is compared
    with the whole one by drawn numbers in float64: None, too, where it can't be run or gives others. What a network
    draws at random, it would draw otherwise: leave such networks whole. Units that are `held`, by group, are kept.
    What is left out of buffers that are `fading` has to be so many times what it was after a pass in training. Where
    less than a share `least` of the entries of matrices and kernels would be left out, nothing is tried: None.
    """
    units = dead.read(groups, weights, held)
    state = {name: tensor for name, tensor in module.state_dict().items() if name in groups.axes}
    places = {name: tuple(positions(axis, units) for axis in groups.axes[name]) for name in state}
    entering = {}
    for path, layer in module.named_modules():
        name = f"{path}.weight"
        if type(layer) is nn.Linear and name in weights and not any(block.group for block in groups.axes[name][1]):
            rows, chosen = places[name][0], dead.columns(weights[name], places[name][0])
            if len(chosen) < layer.in_features:
                entering[path], places[name] = chosen, (rows, chosen)
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    kept = {name: tuple(map(len, axes)) for name, axes in places.items()}
    places = {name: axes for name, axes in places.items() if kept[name] != shapes[name]}
    matrices = [name for name, whole in shapes.items() if len(whole) > 1]
    if not places or sum(prod(kept[name]) for name in matrices) > (1 - least) * sum(
        prod(shapes[name]) for name in matrices
    ):
        return None
    small = Shrunk(copy.deepcopy(module), places, units)
    try:
        _cut(small)
        for path, chosen in entering.items():
            small.module.set_submodule(path, _Choosing(small.module.get_submodule(path), chosen))  # pyright: ignore[reportArgumentType]
        return small if all(_agree(module, small, weights, shape, seed, fading) for seed in range(_TRIES)) else None
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError):  # code that counts on its own shapes
        return None


def _cut(small: Shrunk) -> None:
    """Have the module of a copy hold the small network's tensors."""
    cut: dict[int, nn.Parameter] = {}
    for path, layer in small.module.named_modules():
        prefix = f"{path}." if path else ""
        for short, parameter in layer._parameters.items():
            if parameter is not None and prefix + short in small.places:
                taken = small.taken(prefix + short, parameter.data)
                layer._parameters[short] = cut.setdefault(id(parameter), nn.Parameter(taken, parameter.requires_grad))
        for short, buffer in layer._buffers.items():
            if buffer is not None and prefix + short in small.places:
                layer._buffers[short] = small.taken(prefix + short, buffer)
        if isinstance(layer, nn.GroupNorm) and layer.num_groups == layer.num_channels and layer.affine:
            layer.num_groups = layer.num_channels = len(layer.weight)


def _agree(
    module: nn.Module,
    small: Shrunk,
    weights: Mapping[str, Tensor],
    shape: tuple[int, ...],
    seed: int,
    fading: Mapping[str, float],
) -> bool:
    """Whether drawn numbers give the same outputs, gradients and buffers, and what is left out has no gradient."""
    draws = torch.Generator().manual_seed(seed)
    whole, part = (copy.deepcopy(network).cpu().double() for network in (module, small.module))
    state = randomised(whole, draws)
    state |= {name: state[name] * keep.cpu() for name, keep in weights.items()}
    whole.load_state_dict(state, strict=False)
    part.load_state_dict(small.take(state), strict=False)
    images = torch.randn((_IMAGES, *shape), generator=draws, dtype=torch.float64)
    for training in (False, True):
        ends = []
        for network in (whole, part):
            network.train(training)
            output = network(images)
            named = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
            slopes = torch.sin(torch.arange(output.numel(), dtype=torch.float64)).view_as(output)
            gradients = torch.autograd.grad((output * slopes).sum(), list(named.values()), materialize_grads=True)
            ends.append((output, dict(zip(named, gradients, strict=True)), dict(network.named_buffers())))
        (output, gradients, buffers), (other, of_part, _) = ends
        if not _close(other, output):
            return False
        for name, gradient in gradients.items():
            felt = gradient * weights[name].cpu() if name in weights else gradient
            taken = small.taken(name, felt)
            mine = of_part[name] * small.taken(name, weights[name].cpu()) if name in weights else of_part[name]
            if not _close(mine, taken) or felt.count_nonzero() != taken.count_nonzero():
                return False
        if not all(
            _close(dict(part.named_buffers())[name], small.taken(name, buffer)) for name, buffer in buffers.items()
        ):
            return False
    # The pass in training was the last one.
    return all(
        _close(buffers[name][left], (state[name] * factor)[left])
        for name, factor in fading.items()
        if name in small.places and (left := small.left(name, buffers[name].shape)).any()
    )


def _close(mine: Tensor, wanted: Tensor) -> bool:
    return mine.shape == wanted.shape and bool((mine - wanted).abs().max() <= TOLERANCE * (1 + wanted.abs().max()))
