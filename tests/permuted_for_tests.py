"""Networks whose units are permuted, entry by entry."""

import torch
from torch import Tensor


def drawn(groups) -> dict[str, Tensor]:
    """A permutation of each group that moves something."""
    generator = torch.Generator().manual_seed(5)
    permutation = {group: torch.randperm(size, generator=generator) for group, size in groups.sizes.items()}
    return {
        group: order.roll(1) if torch.equal(order, torch.arange(len(order))) else order
        for group, order in permutation.items()
    }


def permuted(groups, permutation, state) -> dict[str, Tensor]:
    """New unit i is old unit p[i]: of each axis a list of old entries, made by a loop."""
    result = {}
    for name, tensor in state.items():
        for axis, blocks in enumerate(groups.axes[name]):
            order: list[int] = []
            for block in blocks:
                start = len(order)
                for unit in range(block.size):
                    old = unit if block.group is None else int(permutation[block.group][unit])
                    order += range(start + old * block.inner, start + (old + 1) * block.inner)
            tensor = tensor.index_select(axis, torch.tensor(order, dtype=torch.int64))
        result[name] = tensor
    return result
