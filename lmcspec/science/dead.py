"""Units that are provably dead: whatever they compute, no weight that is left reads it on the way to the output.

A unit is *read* when a weight that is not zero leads from it to the output, or to a unit that is read. What is not read
takes no part in the function of the network, nor in the gradient of anything that is: it may be left out.
"""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from lmcspec.science.permute.groups import Block, Groups

Units = Mapping[str, Tensor]
"""Of groups the units that are kept, int64 in ascending order."""


def read(groups: Groups, weights: Mapping[str, Tensor], held: Units = MappingProxyType({})) -> dict[str, Tensor]:
    """Of each group the units that are read, where weights may be other than zero at True: at least one unit.

    `weights` has bool tensors with outputs on axis 0 and inputs on axis 1; of a tensor that it does not name all may
    be other than zero. The least fixed point: a circle of units that read each other only is dead. Units that
    are `held`, by group, count as read.
    """
    alive = {group: torch.zeros(size, dtype=torch.bool) for group, size in groups.sizes.items()}
    for group, units in held.items():
        alive[group][units] = True
    readers = [
        (axes[0], axes[1], _links(weights.get(name), axes))
        for name, axes in groups.axes.items()
        if len(axes) > 1 and any(block.group for block in axes[1])
    ]
    for block in (block for axes in groups.axes.values() for axis in axes[2:] for block in axis):
        if block.group is not None:
            alive[block.group].fill_(True)  # no weight's output or input: nothing is known of who reads it
    before = -1
    while before < (before := sum(int(units.sum()) for units in alive.values())):
        for outputs, inputs, links in readers:
            _spread(inputs, links[_entries(outputs, alive)].any(0), alive)
    return {group: _kept(units) for group, units in alive.items()}


def columns(weight: Tensor, rows: Tensor) -> Tensor:
    """The inputs that any of these outputs reads, of a bool tensor of the weights that may be other than zero."""
    return _kept(_flat(weight)[rows].any(0))


def _links(weight: Tensor | None, axes: tuple[tuple[Block, ...], ...]) -> Tensor:
    """Which outputs a weight leads to from which inputs, by any entry of its kernels."""
    if weight is not None:
        return _flat(weight)
    return torch.ones([sum(block.length for block in axis) for axis in axes[:2]], dtype=torch.bool)


def _flat(weight: Tensor) -> Tensor:
    return weight.cpu() if weight.ndim == 2 else weight.cpu().flatten(2).any(2)


def _entries(axis: tuple[Block, ...], alive: Mapping[str, Tensor]) -> Tensor:
    """Which entries of an axis are of units that are read; what belongs to no group is."""
    parts = [
        torch.ones(block.length, dtype=torch.bool)
        if block.group is None
        else alive[block.group].repeat_interleave(block.inner)
        for block in axis
    ]
    return torch.cat(parts)


def _spread(axis: tuple[Block, ...], entries: Tensor, alive: dict[str, Tensor]) -> None:
    """Have the units alive of which an entry is read."""
    for block, part in zip(axis, entries.split([block.length for block in axis]), strict=True):
        if block.group is not None:
            alive[block.group] |= part.view(block.size, block.inner).any(1)


def _kept(alive: Tensor) -> Tensor:
    """The places of what is read; the first where nothing is, since tensors without entries are no network."""
    places = alive.nonzero().flatten()
    return places if len(places) else torch.zeros(1, dtype=torch.int64)
