"""Permutations of the units of a network: applied to its tensors, composed, inverted, drawn and compared.

A permutation holds an index vector for each group of units: new unit i is old unit p[i], so that a weight of a layer
between groups l-1 and l becomes `W[p_l][:, p_(l-1)]`. A group that is missing stays as it is.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from lmcspec.base import streams
from lmcspec.base.addresses import Address
from lmcspec.science.permute.groups import Block, Groups

Permutation = Mapping[str, Tensor]
"""Of each group an int64 vector of its old units in their new order, on the CPU; a group that is missing stays."""


def apply(groups: Groups, permutation: Permutation, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a network whose units are permuted: new unit i is old unit p[i], on every axis that carries it.

    `tensors` go by the names of a state dict and may be of any type: weights and buffers, or a mask, or some of these.
    What belongs to no group comes back as it is, and nothing is changed in place: two names of the same storage are
    each permuted once. To carry a mask of A over to B, where `permutation` aligns B to A (`apply(groups, permutation,
    b)` lies near A), apply its inverse: `apply(groups, invert(permutation), mask)`. ValueError for a vector that is no
    permutation of its group, and for a tensor that does not have the groups' shape.
    """
    permutation = checked(groups, permutation)
    return {name: _applied(groups.axes.get(name, ()), permutation, tensor, name) for name, tensor in tensors.items()}


def apply_to_moments(groups: Groups, permutation: Permutation, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """An optimiser's state after its network was permuted: moments `WHAT/NAME` as the parameter NAME, others as is."""
    permutation = checked(groups, permutation)
    axes = {key: groups.axes.get(key.partition("/")[2], ()) for key in state}
    return {key: _applied(axes[key], permutation, tensor, key) for key, tensor in state.items()}


def compose(first: Permutation, second: Permutation) -> dict[str, Tensor]:
    """The one and then the other, of each group the vector `first[second]`.

    So `apply(groups, second, apply(groups, first, b))` is `apply(groups, compose(first, second), b)`.
    """
    vectors = {**first, **second}
    both = first.keys() & second.keys()
    return {
        group: first[group][second[group]] if group in both else vector.clone() for group, vector in vectors.items()
    }


def invert(permutation: Permutation) -> dict[str, Tensor]:
    """The permutation that undoes this one: of each group the vector q with q[p[i]] = i."""
    return {group: torch.argsort(vector) for group, vector in permutation.items()}


def identity(groups: Groups) -> dict[str, Tensor]:
    """The permutation that moves nothing, with a vector for each group."""
    return {group: torch.arange(size) for group, size in groups.sizes.items()}


def random_permutation(groups: Groups, *address: Address) -> dict[str, Tensor]:
    """A uniform permutation of each group, a function of the address alone: the stream `match` at (*address, group)."""
    return {
        group: torch.from_numpy(streams.permutation(size, "match", *address, group))
        for group, size in groups.sizes.items()
    }


def fixed_points(p: Permutation, q: Permutation) -> dict[str, int]:
    """Of each group of either the number of units i with p[i] = q[i]; a group that only one of them has moves there.

    By chance that is 1 on average, however large the group.
    """
    return {group: int((mine == other).sum()) for group, mine, other in _side_by_side(p, q)}


def fixed_share(p: Permutation, q: Permutation) -> float:
    """The share of all units at which two permutations agree: the sum of `fixed_points` over that of the groups' sizes.

    It weighs units alike, and not groups; NaN where there are none.
    """
    units = sum(len(mine) for _, mine, _ in _side_by_side(p, q))
    return sum(fixed_points(p, q).values()) / units if units else float("nan")


def checked(groups: Groups, permutation: Permutation) -> dict[str, Tensor]:
    """The permutation with an int64 vector for every group, on the CPU; ValueError where one of them is not that."""
    if odd := sorted(set(permutation) - set(groups.sizes)):
        raise ValueError(f"the network has no group {odd[0]!r}; its groups are {', '.join(groups.sizes) or 'none'}")
    vectors = {}
    for group, size in groups.sizes.items():
        vector = permutation.get(group, torch.arange(size)).detach().cpu()
        if vector.dtype.is_floating_point or vector.shape != (size,) or not is_permutation(vector):
            raise ValueError(f"group {group!r} needs a permutation of 0 … {size - 1}, not {_described(vector)}")
        vectors[group] = vector.long()
    return vectors


def is_permutation(vector: Tensor) -> bool:
    """Whether a vector of integers holds each of 0 … its length - 1 once."""
    return bool((torch.sort(vector).values == torch.arange(len(vector))).all())


def positions(blocks: Iterable[Block], permutation: Permutation) -> Tensor:
    """The old entry of an axis at each of its new ones: of a block of units at `start` with `inner` entries each,
    `start + p[i] inner + s` at `start + i inner + s`; what belongs to no group of the permutation stays.
    """
    parts, start = [], 0
    for block in blocks:
        vector = None if block.group is None else permutation.get(block.group)
        vector = torch.arange(block.size) if vector is None else vector
        if block.inner > 1:
            vector = (vector[:, None] * block.inner + torch.arange(block.inner)).flatten()
        parts.append(vector + start if start else vector)
        start += block.length
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _applied(axes: tuple[tuple[Block, ...], ...], permutation: Permutation, tensor: Tensor, name: str) -> Tensor:
    for axis, blocks in enumerate(axes):
        length = sum(block.length for block in blocks)
        if axis >= tensor.ndim or tensor.shape[axis] != length:
            shape = tuple(tensor.shape)
            raise ValueError(f"{name} has shape {shape}, but {length} entries on axis {axis} in the groups")
        if any(block.group is not None for block in blocks):
            tensor = tensor.index_select(axis, positions(blocks, permutation).to(tensor.device))
    return tensor


def _side_by_side(p: Permutation, q: Permutation) -> list[tuple[str, Tensor, Tensor]]:
    """Each group of either with both vectors, the identity for a missing one; ValueError where sizes differ."""
    pairs = []
    for group in {**p, **q}:
        vectors = [permutation[group] for permutation in (p, q) if group in permutation]
        mine, other = vectors if len(vectors) == 2 else (vectors[0], torch.arange(len(vectors[0])))
        if mine.shape != other.shape:
            raise ValueError(f"group {group!r} has {len(mine)} units in one permutation and {len(other)} in the other")
        pairs.append((group, mine, other))
    return pairs


def _described(vector: Tensor) -> str:
    return f"a vector of shape {tuple(vector.shape)} of {str(vector.dtype).removeprefix('torch.')}"
