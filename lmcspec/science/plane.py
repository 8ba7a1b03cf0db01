"""Two-dimensional landscapes: the plane through three trained networks, and what is measured at its points."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn

from lmcspec.science import masks
from lmcspec.science.data.resident import Split
from lmcspec.science.evaluate import BATCH, Evaluation, InOrder, evaluate_each, quick_batch
from lmcspec.science.mixtures import State, WeightedSum
from lmcspec.science.several import as_many, in_groups
from lmcspec.science.statistics_of_norms import has_batch_norm, recompute_each

ROUNDING = 1e-6
"""Share of the length of a network's weights: what is nearer to a point or a line differs from it by rounding."""
Weights = tuple[float, ...]
"""A weight for each anchor, adding up to 1: a point is the sum of the anchors times these."""


class NoPlaneError(ValueError):
    """Three states through which there is no one plane; says why."""


@dataclass(frozen=True, slots=True)
class Projected:
    """A state seen from a plane: the nearest point of it, and how far off it is, all in distances of parameters."""

    x: float
    y: float
    residual: float


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """The plane through three states, with orthonormal axes: distances in it are those of parameters.

    The first state is the origin, the second lies on the x axis at `along`, the third at (`over`, `up`), up > 0.
    """

    along: float
    over: float
    up: float
    _origin: Tensor
    _axes: tuple[Tensor, Tensor]
    _names: tuple[str, ...]

    @property
    def anchors(self) -> tuple[tuple[float, float], ...]:
        """(x, y) of each of the three states."""
        return (0.0, 0.0), (self.along, 0.0), (self.over, self.up)

    def weights(self, x: float, y: float) -> Weights:
        """What the point (x, y) is made of: o + x u + y v as a sum of the three states."""
        third = y / self.up
        second = (x - third * self.over) / self.along
        return 1 - second - third, second, third

    def project(self, state: State) -> Projected:
        """The nearest point of the plane to a state, and its distance from there."""
        off = _flat(state, self._names) - self._origin
        x, y = (float(off @ axis) for axis in self._axes)
        return Projected(x, y, float((off - x * self._axes[0] - y * self._axes[1]).norm()))


def plane_through(states: Sequence[State], names: Iterable[str]) -> Plane:
    """The plane through three states, over the tensors of these names, by Gram-Schmidt in float64.

    Mask the states first where there is a mask. Raises NoPlaneError where they lie on one line.
    """
    names = tuple(names)
    origin, second, third = (_flat(state, names) for state in states)
    first = second - origin
    along = float(first.norm())
    least = ROUNDING * max(float(state.norm()) for state in (origin, second, third))
    if not along > least:
        raise NoPlaneError("two anchors of the plane are the same state")
    u = first / along
    rest = third - origin
    over = float(rest @ u)
    rest = rest - over * u
    # Once more: what rounding left of u in the rest would tilt the axes.
    rest = rest - (rest @ u) * u
    up = float(rest.norm())
    if not up > least:
        raise NoPlaneError("the anchors of the plane lie on one line")
    return Plane(along, over, up, origin, (u, rest / up), names)


def as_released(x: float, y: float) -> Weights:
    """The point of the papers' released code: M + x (a - b) / 2 + y (d - c) / 2 with M = (a + b) / 2, of four anchors.

    Its axes are neither orthogonal nor of length 1, and c and d lie in the plane only if a + b = c + d.
    """
    return 0.5 + x / 2, 0.5 - x / 2, -y / 2, y / 2


def grid(points: Sequence[tuple[float, float]], count: int, margin: float = 0.3) -> tuple[list[float], list[float]]:
    """`count` positions along x and along y: a square around the points, on each side wider by `margin` of its side."""
    lows = [min(point[axis] for point in points) for axis in (0, 1)]
    highs = [max(point[axis] for point in points) for axis in (0, 1)]
    side = max(high - low for low, high in zip(lows, highs, strict=True)) * (1 + 2 * margin)
    axes = []
    for low, high in zip(lows, highs, strict=True):
        start = (low + high - side) / 2
        axes.append([start + side * place / (count - 1) for place in range(count)])
    return axes[0], axes[1]


def anchors_alone(count: int) -> list[Weights]:
    """Each of so many anchors as a point: the sum of all in which only that one counts."""
    return [tuple(float(place == number) for place in range(count)) for number in range(count)]


def values(
    module: nn.Module,
    anchors: Sequence[State],
    mask: Mapping[str, Tensor] | None,
    points: Iterable[Weights],
    split: Split,
    refill: Split | None = None,
    batch: int | None = None,
) -> Iterator[Evaluation]:
    """The evaluation at each point, in evaluation mode, the anchors masked before they are added up.

    The module lends its tensors: its own weights are lost. Integer buffers are the first anchor's, float buffers are
    added up as the weights are, variances cut off at 0. With `refill` (the policy `recompute`) batch norm's running
    statistics are then taken anew at every point on its images. A point that is an anchor is that anchor to the bit.
    """
    grid = Points(module, [masks.apply(mask or {}, anchor) for anchor in anchors], split, refill, batch)
    return chain.from_iterable(grid.values(tuple(points)))


class Points:
    """As `values`, of anchors that are masked already: all points of a group in one pass over the images.

    So many networks as are `stacked` are computed as one program.
    """

    def __init__(
        self,
        module: nn.Module,
        anchors: Sequence[State],
        split: Split,
        refill: Split | None = None,
        batch: int | None = None,
        stacked: int = 1,
    ) -> None:
        module.load_state_dict(dict(anchors[0]))
        self._module, self._anchors, self._stacked = module, anchors, stacked
        self._batches = InOrder(split, batch or quick_batch(split), hold=True)
        norms = refill is not None and has_batch_norm(module)
        self._refills = InOrder(refill, BATCH, hold=True) if refill is not None and norms else None

    def values(
        self, points: Sequence[Weights], seconds: float = math.inf, pulse: Callable[[int], None] = lambda done: None
    ) -> Iterator[list[Evaluation]]:
        """The evaluations at the points, of a group that takes at most about so many `seconds` at a time.

        `pulse` is called after each batch of each point with how many points' worth of work is done, and may raise.
        """
        networks = as_many(self._module, len(points), self._stacked)
        sums = WeightedSum(networks.modules, self._anchors)
        looks, looked = len(self._batches) + len(self._refills or ()), 0

        def tick(several: int) -> None:
            nonlocal looked
            looked += several
            pulse(looked // looks)

        for group in in_groups(points, len(networks.modules), seconds, networks.stacked):
            some = networks.first(len(group))
            for number, weights in enumerate(group):
                sums.set(number, weights)
            if self._refills is not None:
                recompute_each(some, self._refills, tick)
            yield [each.value for each in evaluate_each(some, self._batches, pulse=tick)]


def _flat(state: State, names: Sequence[str]) -> Tensor:
    return torch.cat([state[name].detach().cpu().double().flatten() for name in names])
