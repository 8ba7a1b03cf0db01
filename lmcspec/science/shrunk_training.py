"""Training a network without its dead units: the whole network's training, to rounding.

Weights of dead units have no gradient, but decay, and go on by moments that they brought along: they are stepped beside
the small network, those that the mask keeps, as parameters that no loss depends on. Snapshots are whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lmcspec.base.sgd_noise import TrainingNoise
from lmcspec.catalog.recipe import Recipe
from lmcspec.science.compiled import can_be_compiled
from lmcspec.science.data.resident import Split
from lmcspec.science.permute.groups import Groups
from lmcspec.science.shrunk import Shrunk, shrink
from lmcspec.science.train import Callbacks, Segment, Snapshot, TrainingStopped, train

ELEMENTWISE = ("sgd", "adam", "adamw")
"""Optimisers of ours that step each number by itself, whatever tensor it is a part of."""


@dataclass(frozen=True, slots=True, eq=False)
class ShrunkTraining:
    """A small network that can be trained in the place of a whole one, and what is trained beside it."""

    small: Shrunk
    mask: Mapping[str, Tensor]
    """Of the small network."""
    left: Mapping[str, Tensor]
    """Of tensors that are smaller the flat places of trained weights that are left out, and not pruned."""
    whole: Mapping[str, Tensor]
    """The state of the whole network at the beginning, on the CPU; pruned weights are zero."""
    begin: int
    """After how many updates that was."""
    fading: Mapping[str, float]
    """By what running statistics are multiplied at each update of a channel that is nothing but zeros."""

    @property
    def module(self) -> nn.Module:
        """The small network, whose parameters are also those that are left out of it."""
        return self.small.module

    def moments(self, whole: Mapping[str, Tensor] | None) -> dict[str, Tensor] | None:
        """Of an optimiser's tensors of the whole network those of the small one, and of what is left out."""
        if whole is None:
            return None
        answer: dict[str, Tensor] = {}
        for key, tensor in whole.items():
            what, _, name = key.partition("/")
            answer[key] = self.small.taken(name, tensor)
            if name in self.left:
                answer[f"{what}/{_beside(name)}"] = tensor.flatten()[self.left[name]]
        return answer

    def of_whole(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot of the whole network."""
        state, optimiser = dict(self.whole), dict[str, Tensor]()
        for name in state:
            faded = self.fading.get(name, 1.0) ** (snapshot.update - self.begin)
            state[name] = self._put(
                "", name, snapshot.state, self.whole[name] * faded if faded < 1 else self.whole[name]
            )
        names = {f"/{_beside(name)}" for name in self.left}
        for key, tensor in snapshot.optimiser.items():
            what, slash, name = key.partition("/")
            if slash + name not in names:
                zeros = torch.zeros_like(self.whole[name], dtype=tensor.dtype) if name in self.small.places else tensor
                optimiser[key] = self._put(what + slash, name, snapshot.optimiser, zeros)
        return replace(snapshot, state=state, optimiser=optimiser)

    def _put(self, prefix: str, name: str, held: Mapping[str, Tensor], whole: Tensor) -> Tensor:
        """A tensor of the whole network, from that of the small one and what was left out."""
        if name not in self.small.places:
            return held[prefix + name]
        whole = whole.clone()
        self.small.put(name, held[prefix + name], whole)
        if name in self.left:
            whole.view(-1)[self.left[name]] = held[prefix + _beside(name)]
        return whole


def shrink_to_train(
    module: nn.Module,
    groups: Groups,
    mask: Mapping[str, Tensor],
    recipe: Recipe,
    shape: tuple[int, ...],
    begin: int = 0,
    least: float = 0.0,
) -> ShrunkTraining | None:
    """A network in its state after `begin` updates without units that are dead by its mask; None where it stays whole.

    None, too, where less than a share `least` of its weights would be left out.

    Whole stay networks in which no unit is dead, that draw at random or are hooked, and those whose optimiser takes a
    tensor's numbers together. Units with running statistics stay, for these go on and are stored though nothing reads
    them, but for those whose own weights are all pruned: the statistics of zeros fade as is known.
    """
    if recipe.optimiser.name not in ELEMENTWISE or not can_be_compiled(module):
        return None
    fading = _fading(module)
    held = _counted(module, groups, mask, fading)
    if (small := shrink(module, groups, mask, shape, held, fading, least)) is None:
        return None
    state = module.state_dict()
    whole = {name: state[name].detach().cpu().clone(memory_format=torch.contiguous_format) for name in state}
    for name, keep in mask.items():
        whole[name].masked_fill_(~keep.cpu(), 0)
    left: dict[str, Tensor] = {}
    for name, parameter in list(module.named_parameters()):
        if parameter.requires_grad and name in small.places:
            out = small.left(name, parameter.shape)
            places = (out & mask[name].cpu() if name in mask else out).flatten().nonzero().flatten()
            if len(places):
                left[name] = places
                beside = parameter.detach().flatten()[places.to(parameter.device)]
                small.module.register_parameter(_beside(name), nn.Parameter(beside))
    return ShrunkTraining(small, small.take(mask), left, whole, begin, fading)


def _fading(module: nn.Module) -> dict[str, float]:
    """Of batch norm's running statistics the share that is left of them after an update whose own are zero."""
    return {
        f"{path}.{name}": 1 - norm.momentum
        for path, norm in module.named_modules()
        if isinstance(norm, _BatchNorm) and norm.track_running_stats and norm.momentum
        for name in ("running_mean", "running_var")
    }


def _counted(
    module: nn.Module, groups: Groups, mask: Mapping[str, Tensor], fading: Mapping[str, float]
) -> dict[str, Tensor]:
    """Of groups with buffers the units whose statistics depend on images: some weight that makes them is not pruned."""
    units: dict[str, Tensor] = {}
    for name, buffer in module.named_buffers():
        for block in groups.axes[name][0] if buffer.ndim and name in groups.axes else ():
            if block.group is not None:
                made = _made(groups, mask, block.group) if name in fading else None
                of_this = torch.arange(block.size) if made is None else made.nonzero().flatten()
                units[block.group] = torch.cat([units[block.group], of_this]) if block.group in units else of_this
    return units


def _made(groups: Groups, mask: Mapping[str, Tensor], group: str) -> Tensor | None:
    """Bool: which units of a group some weight leads to; None where that is not seen from its rows."""
    made = torch.zeros(groups.sizes[group], dtype=torch.bool)
    for name, axes in groups.axes.items():
        if len(axes) > 1 and any(block.group == group for block in axes[0]):
            if name not in mask or len(mask[name]) != len(made):
                return None
            made |= mask[name].cpu().flatten(1).any(1)
    return made


def train_shrunk(
    network: ShrunkTraining,
    data: Split,
    recipe: Recipe,
    noise: TrainingNoise,
    *,
    segment: Segment,
    callbacks: Callbacks,
) -> Snapshot:
    """As `train` of the whole network under its mask, whose snapshots it gives and takes; the small one is trained.

    A training that diverges does so at the same update, and its state has NaN in other places.
    """
    told = callbacks.on_stop
    passing = replace(callbacks, on_stop=told and (lambda snapshot: told(network.of_whole(snapshot))))
    part = replace(segment, optimiser=network.moments(segment.optimiser))
    try:
        end = train(network.module, data, recipe, noise, mask=network.mask, segment=part, callbacks=passing)
        return network.of_whole(end)
    except TrainingStopped as stopped:
        raise TrainingStopped(network.of_whole(stopped.snapshot)) from None


def _beside(name: str) -> str:
    """What the parameter is called that holds what is left out of another one."""
    return "left out of " + name.replace(".", ":")
