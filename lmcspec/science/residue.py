"""What pruned weights would be if masks were put on from outside, as some released code has it, and taken off again.

There a pruned weight keeps a value of its own, to which it is rewound and which no gradient reaches; only weight
decay does. Here it is zero from the pruning on, so that value is worked out.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from lmcspec.catalog.recipe import Recipe


def decayed(recipe: Recipe, branches: Sequence[int]) -> float:
    """What becomes of a weight of 1 by weight decay alone between the first and the last of these updates.

    The optimiser starts afresh at each branch. ValueError where what becomes of it depends on the weight.
    """
    weight = 1.0
    for begin, end in pairwise(branches):
        left = recipe.optimiser.decayed(weight, map(recipe.rate, range(begin, end)))
        if left is None:
            name = recipe.optimiser.name
            raise ValueError(f"what {name} makes of a weight without gradient depends on the weight")
        weight = left
    return weight


def unmasked(
    state: Mapping[str, Tensor], mask: Mapping[str, Tensor], start: Mapping[str, Tensor], share: float
) -> dict[str, Tensor]:
    """The state with `share` of the start's weights where it is masked."""
    return dict(state) | {
        name: torch.where(keep.to(state[name].device), state[name], share * start[name].to(state[name].device))
        for name, keep in mask.items()
    }
