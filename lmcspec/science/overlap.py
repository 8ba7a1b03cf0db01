"""How much two masks have in common, and how much two random ones of the same layers' densities would have."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Layer:
    """One tensor's size, how many of its weights survive in each of two masks, and how many in both."""

    size: int
    a: int
    b: int
    both: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two masks share. Chance draws them uniformly among those with as many survivors in each tensor."""

    jaccard: float
    """Surviving in both / surviving in either."""
    shared: float
    """Surviving in both / surviving in the sparser one."""
    by_chance: float
    """What `shared` is on average by chance: the sum of a b / size over tensors in place of those in both."""
    deviations: float
    """How far what is in both lies above chance, in standard deviations of chance; NaN where chance has none."""


def layers(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> dict[str, Layer]:
    """The counts by tensor. ValueError where the two masks are of different tensors."""
    if set(a) != set(b):
        raise ValueError(f"the masks are for other tensors: {sorted(set(a) ^ set(b))}")
    return {
        name: Layer(kept.numel(), *(int(counted.count_nonzero()) for counted in (kept, b[name], kept & b[name])))
        for name, kept in a.items()
    }


def overlap(counts: Mapping[str, Layer]) -> Overlap:
    """The overlap over all tensors by their counts. How many survive in both of a tensor is hypergeometric by chance.

    Its mean is a b / n, its variance a b (n - a) (n - b) / (n^2 (n - 1)).
    """
    every = counts.values()
    a, b, both = (sum(getattr(layer, what) for layer in every) for what in ("a", "b", "both"))
    expected = sum(layer.a * layer.b / layer.size for layer in every)
    variance = sum(
        layer.a * layer.b * (layer.size - layer.a) * (layer.size - layer.b) / (layer.size**2 * (layer.size - 1))
        for layer in every
        if layer.size > 1
    )
    fewer, either = min(a, b), a + b - both
    return Overlap(
        jaccard=both / either if either else math.nan,
        shared=both / fewer if fewer else math.nan,
        by_chance=expected / fewer if fewer else math.nan,
        deviations=(both - expected) / math.sqrt(variance) if variance > 0 else math.nan,
    )
