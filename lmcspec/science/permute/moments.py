"""What is kept of two networks' activations: means, squares and products, taken batch by batch in float64."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import torch
from torch import Tensor

_CHUNK = 2**20
"""Numbers of an activation that are held in float64 at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What `count` samples say of n units of A and n units of B, all in float64.

    `mean_a` and `mean_b` (n,) are means; `squares_a` and `squares_b` (n,) sums of squared deviations from them;
    `products` (n, n) sums of products of deviations, units of A by units of B. A unit that never changes has squares
    and products of exactly 0: no difference of large numbers is taken.
    """

    count: int
    mean_a: Tensor
    mean_b: Tensor
    squares_a: Tensor
    squares_b: Tensor
    products: Tensor

    def to(self, device: torch.device | str) -> "Moments":
        """The same on a device."""
        return Moments(self.count, *(getattr(self, part.name).to(device) for part in fields(self)[1:]))

    def __add__(self, other: "Moments") -> "Moments":
        """The moments of both samples together (Chan, Golub & LeVeque 1983)."""
        count = self.count + other.count
        share, weight = other.count / count, self.count * other.count / count
        a, b = other.mean_a - self.mean_a, other.mean_b - self.mean_b
        return Moments(
            count,
            self.mean_a + share * a,
            self.mean_b + share * b,
            self.squares_a + other.squares_a + weight * a.square(),
            self.squares_b + other.squares_b + weight * b.square(),
            self.products + other.products + weight * torch.outer(a, b),
        )


def moments(a: Tensor, b: Tensor) -> Moments:
    """The moments of samples (n, samples) float64 of the units of A and B; column s of both is of the same input."""
    mean_a, mean_b = a.mean(1), b.mean(1)
    a, b = a - mean_a[:, None], b - mean_b[:, None]
    return Moments(a.shape[1], mean_a, mean_b, a.square().sum(1), b.square().sum(1), a @ b.T)


def with_batch(past: Moments | None, a: Tensor, b: Tensor, axis: int) -> Moments:
    """The moments after a batch more: activations (images, …) of A and B whose `axis` has an entry for each unit.

    All that lies on other axes are samples: pixels, tokens, and the entries of a unit that has several.
    """
    if a.shape != b.shape:
        raise ValueError(f"activations of A {tuple(a.shape)} and B {tuple(b.shape)} are of different models")
    for part_a, part_b in zip(_chunks(a), _chunks(b), strict=True):
        more = moments(_by_unit(part_a, axis), _by_unit(part_b, axis))
        past = more if past is None else past + more
    assert past is not None, "a batch holds images"
    return past


def _chunks(activation: Tensor) -> Iterator[Tensor]:
    images = max(1, _CHUNK // max(1, activation[0].numel()))
    return iter(activation.split(images))


def _by_unit(activation: Tensor, axis: int) -> Tensor:
    return activation.movedim(axis, 0).flatten(1).double()
