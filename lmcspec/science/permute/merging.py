"""Several networks aligned to each other, and their mean (Ainsworth et al. 2023, Git Re-Basin, algorithm 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lmcspec.base import streams
from lmcspec.science.permute.algebra import apply, checked, identity
from lmcspec.science.permute.groups import Groups
from lmcspec.science.permute.objective import squared_norm
from lmcspec.science.permute.weight_matching import WeightMatching, match_weights

PASSES = 100
"""At most, over all networks."""


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """Networks that were aligned to each other."""

    permutations: tuple[dict[str, Tensor], ...]
    """Of each network, in the order in which they were given."""
    mean: dict[str, Tensor]
    """The mean of the permuted networks; of tensors of integers the first network's."""
    distances: tuple[float, ...]
    """The sum over networks of the squared distance to their mean, over counted parameters: at first, and after each
    pass."""


def merge_many(
    groups: Groups,
    states: Sequence[Mapping[str, Tensor]],
    settings: WeightMatching = WeightMatching(),  # noqa: B008 (frozen)
    pair: int = 0,
) -> Merged:
    """Align two or more networks to each other by weight matching.

    Each pass takes them in a random order and aligns each to the mean of the others, from where it is; that can only
    bring them nearer with the linear kernel. The last pass is the one that does not bring them nearer any more. Running
    statistics are averaged as they are: take those of batch norm anew on training data for the mean. ValueError as
    `match_weights` has them, and for fewer than two networks.
    """
    if len(states) < 2:
        raise ValueError(f"two or more networks can be merged, not {len(states)}")
    weights = [{name: state[name].detach().double() for name in groups.counted} for state in states]
    norms = sum(squared_norm(groups, state) for state in weights)
    permutations = [identity(groups) for _ in states]
    distances = [_distance(weights)]
    aligned = list(weights)
    for number in range(PASSES):
        before = list(permutations)
        for place in streams.permutation(len(states), "match", pair, "merge", number).tolist():
            others = _mean([state for other, state in enumerate(aligned) if other != place])
            matched = match_weights(groups, others, weights[place], settings, permutations[place], pair)
            permutations[place] = matched.permutation
            aligned[place] = apply(groups, matched.permutation, weights[place])
        distance = _distance(aligned)
        if distance > distances[-1]:  # the cosine kernel makes something else small
            permutations = before
            break
        distances.append(distance)
        if distances[-2] - distance <= settings.tolerance * norms:
            break
    permuted = [apply(groups, checked(groups, p), state) for p, state in zip(permutations, states, strict=True)]
    return Merged(tuple(permutations), _mean(permuted), tuple(distances))


def _mean(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each tensor, in float64 and then its own type; the first network's where it is of integers."""
    return {
        name: torch.stack([state[name].detach().double() for state in states]).mean(0).to(first.dtype)
        if first.is_floating_point()
        else first.clone()
        for name, first in states[0].items()
    }


def _distance(states: Sequence[Mapping[str, Tensor]]) -> float:
    """The sum over networks of ||theta_i - mean||^2."""
    mean = _mean(states)
    return sum(float((state[name] - mean[name]).square().sum()) for state in states for name in mean)
