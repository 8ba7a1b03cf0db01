"""Training a network without its dead units: the whole network's training, to rounding.

Weights of dead units have no gradient, but decay, and go on by moments that they brought along: they are stepped beside
the small network, those that the mask keeps, as parameters that no loss depends on. Snapshots are whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

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
            state[name] = self._put("", name, snapshot.state, self.whole[name])
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
    least: float = 0.0,
) -> ShrunkTraining | None:
    """A network in its state without the units that are dead by its mask; None where none is, or it must stay whole.

    None, too, where less than a share `least` of its weights would be left out.

    Whole stay networks that draw at random or are hooked, those whose optimiser takes a tensor's numbers together, and
    units with statistics of their own: batch norm's go on, and are stored, though nothing reads them.
    """
    if recipe.optimiser.name not in ELEMENTWISE or not can_be_compiled(module):
        return None
    counted = {name for name, buffer in module.named_buffers() if buffer.ndim}
    held = {block.group for name in counted & groups.axes.keys() for axis in groups.axes[name] for block in axis}
    small = shrink(module, groups, mask, shape, held=frozenset(group for group in held if group), least=least)
    if small is None:
        return None
    state = module.state_dict()
    whole = {name: state[name].detach().cpu().clone(memory_format=torch.contiguous_format) for name in state}
    for name, keep in mask.items():
        whole[name].masked_fill_(~keep.cpu(), 0)
    left: dict[str, Tensor] = {}
    for name, parameter in list(module.named_parameters()):
        if parameter.requires_grad and name in small.places:
            out = torch.ones(parameter.shape, dtype=torch.bool)
            small.put(name, torch.zeros((), dtype=torch.bool), out)
            places = (out & mask[name].cpu() if name in mask else out).flatten().nonzero().flatten()
            if len(places):
                left[name] = places
                beside = parameter.detach().flatten()[places.to(parameter.device)]
                small.module.register_parameter(_beside(name), nn.Parameter(beside))
    return ShrunkTraining(small, small.take(mask), left, whole)


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
