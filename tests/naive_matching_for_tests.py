"""Weight matching as a plain loop: every Gram from scratch, unit by unit, from the definition alone."""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from lmcspec.base import streams
from lmcspec.science.permute.algebra import apply, identity
from lmcspec.science.permute.groups import Groups


def units(tensor: Tensor, axis: int, start: int, size: int, inner: int) -> Tensor:
    """The entries of each unit of a stretch of an axis, (units, entries)."""
    rows = [
        tensor.index_select(axis, torch.arange(start + unit * inner, start + (unit + 1) * inner)).flatten()
        for unit in range(size)
    ]
    return torch.stack(rows).double()


def gram(groups: Groups, group: str, permutation: dict, a: dict, b: dict, cosine: bool = False) -> Tensor:
    """The similarities of a group's units with B permuted in all other groups."""
    others = {name: vector for name, vector in permutation.items() if name != group}
    moved = apply(groups, others, {name: b[name] for name in groups.counted})
    total = torch.zeros(groups.sizes[group], groups.sizes[group], dtype=torch.float64)
    for name in groups.counted:
        for axis, blocks in enumerate(groups.axes[name]):
            start = 0
            for block in blocks:
                if block.group == group:
                    x, y = (units(tensor, axis, start, block.size, block.inner) for tensor in (a[name], moved[name]))
                    if cosine:
                        x, y = (torch.nn.functional.normalize(rows, dim=1, eps=1e-300) for rows in (x, y))
                    total += x @ y.T
                start += block.size * block.inner
    return total


def match(groups: Groups, a: dict, b: dict, pair: int = 0, restart: int = 0, cosine: bool = False) -> tuple[dict, int]:
    """The permutation, and how many sweeps it took."""
    permutation, names = identity(groups), list(groups.sizes)
    for sweep in range(100):
        gained = False
        for place in streams.permutation(len(names), "match", pair, restart, sweep):
            group = names[place]
            similarity = gram(groups, group, permutation, a, b, cosine)
            rows, columns = linear_sum_assignment(similarity.numpy(), maximize=True)
            gain = float(similarity[rows, columns].sum() - similarity[rows, permutation[group]].sum())
            if gain > 1e-10:
                permutation[group], gained = torch.from_numpy(columns), True
        if not gained:
            return permutation, sweep + 1
    return permutation, 100
