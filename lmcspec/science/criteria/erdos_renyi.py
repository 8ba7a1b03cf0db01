"""Random pruning to Erdős–Rényi densities: layer l keeps min(1, ε s_l) of its weights, with one ε for all layers.

s is (n_in + n_out) / (n_in n_out), and with kernels the sum of a tensor's sizes over their product. Which ε leaves as
many weights as it should follows from the ranking alone: the weight that is drawn to be the i-th last to go of a layer
of n_l (i from 0) goes when ε n_l s_l falls below i + 1/2. So its score is -(i + 1/2) / (n_l s_l), and whatever is left
in all, of layer l that is the whole number nearest to ε n_l s_l, or all of it where it has no more.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from lmcspec.base import streams

CHANNELS = 2
"""Sizes of a weight's tensor that are numbers of channels, out and in; further ones are those of its kernel."""


def scores(state: Mapping[str, Tensor], mask: Mapping[str, Tensor], address: tuple[int, ...]) -> dict[str, Tensor]:
    """Random scores that prune to these densities; the draws are from stream `prune` at (*address, name).

    A convolution counts as a linear layer, by its channels alone. Draws are among the survivors of the mask, so that
    what is pruned in several rounds has the densities of all rounds at once.
    """
    return {name: _last_to_go(keep, _weight(keep.shape[:CHANNELS]), (*address, name)) for name, keep in mask.items()}


def kernel_scores(
    state: Mapping[str, Tensor], mask: Mapping[str, Tensor], address: tuple[int, ...]
) -> dict[str, Tensor]:
    """Random scores as those of `scores`, to densities that depend on the sizes of kernels too."""
    return {name: _last_to_go(keep, _weight(keep.shape), (*address, name)) for name, keep in mask.items()}


def _weight(sizes: torch.Size) -> float:
    """A layer's s: the sum of these sizes over their product."""
    return sum(sizes) / math.prod(sizes)


def _last_to_go(keep: Tensor, weight: float, address: tuple[int | str, ...]) -> Tensor:
    """-(i + 1/2) / (n s), float64, for survivors drawn in an order i; -inf for what is gone."""
    alive = keep.flatten().nonzero().squeeze(1)
    order = torch.from_numpy(streams.permutation(len(alive), "prune", *address)).to(keep.device)
    scores = torch.full((keep.numel(),), -math.inf, dtype=torch.float64, device=keep.device)
    scores[alive] = -(order.double() + 0.5) / (keep.numel() * weight)
    return scores.view(keep.shape)
