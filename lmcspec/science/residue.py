"""What pruned weights would be if masks were put on from outside, as some released code has it, and taken off again.

There a pruned weight keeps a value of its own, to which it is rewound and which no gradient reaches; only weight
decay does. Here it is zero from the pruning on, so that value is worked out.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from lmcspec.base.recipes import Recipe, Sgd


def decayed(recipe: Recipe, branches: Sequence[int]) -> float:
    """What becomes of a weight of 1 by weight decay alone between the first and the last of these updates.

    SGD's `v <- momentum v + weight_decay w; w <- w - lr_t v`, which is linear in w; v is 0 again at each branch.
    ValueError for another optimiser: there it depends on the weight.
    """
    how = recipe.optimiser
    if not isinstance(how, Sgd):
        raise ValueError(f"what {how.name} makes of a weight without gradient depends on the weight")
    weight = 1.0
    for begin, end in pairwise(branches):
        velocity = 0.0
        for update in range(begin, end):
            pull = how.weight_decay * weight
            velocity = how.momentum * velocity + pull
            step = pull + how.momentum * velocity if how.nesterov else velocity
            weight -= how.lr * recipe.schedule.multiplier(update) * step
    return weight


def unmasked(
    state: Mapping[str, Tensor], mask: Mapping[str, Tensor], start: Mapping[str, Tensor], share: float
) -> dict[str, Tensor]:
    """The state with `share` of the start's weights where it is masked."""
    return dict(state) | {
        name: torch.where(keep.to(state[name].device), state[name], share * start[name].to(state[name].device))
        for name, keep in mask.items()
    }
