"""The straight path between two trained networks: errors and losses along it."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from torch import Tensor, nn

from lmcspec.science import masks
from lmcspec.science.data.resident import Split
from lmcspec.science.evaluate import BATCH, Evaluation, InOrder, Looked, quick_batch
from lmcspec.science.statistics_of_norms import has_batch_norm
from lmcspec.science.walk import Point, Seen, Walk, Way

Policy = Literal["average", "recompute", "repair"]


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Whether each of n images is classified wrongly at P positions, bool (P, n), and its loss, float32 (P, n)."""

    wrong: np.ndarray
    losses: np.ndarray


@dataclass(frozen=True, slots=True)
class PathCurve:
    """Evaluations at each position of the path under one batch-norm policy, and the L2 distance of its ends."""

    alphas: tuple[float, ...]
    train: tuple[Evaluation, ...]
    test: tuple[Evaluation, ...]
    policy: Policy
    distance: float
    validation: tuple[Evaluation, ...] = ()
    images: Mapping[str, "Images"] = field(default_factory=dict, compare=False, repr=False)
    """What becomes of each image at each position, by split; only where it was asked for."""

    def values(self, split: str, what: Literal["error", "loss"]) -> tuple[float, ...]:
        """The errors or losses on a split at each position; none where it is not evaluated."""
        return tuple(getattr(evaluation, what) for evaluation in getattr(self, split))


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """The states of the two networks between which a path runs, and the mask of both, where they have one."""

    a: Mapping[str, Tensor]
    b: Mapping[str, Tensor]
    mask: Mapping[str, Tensor] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """The splits on which every point of a path is evaluated, in batches of `batch`, or as the device is quick with."""

    test: Split
    train: Split | None = None
    validation: Split | None = None
    batch: int | None = None
    each: bool = False
    """Whether curves hold what becomes of every image."""
    stacked: int = 1
    """How many networks are computed as one program; those that are repaired never are."""

    def batches(self, hold: bool) -> dict[str, InOrder]:
        """The splits that there are, in batches; small ones held where they are gone through several times."""
        wanted = {"train": self.train, "test": self.test, "validation": self.validation}
        return {
            name: InOrder(split, self.batch or quick_batch(split), hold)
            for name, split in wanted.items()
            if split is not None
        }


@dataclass(frozen=True, slots=True, eq=False)
class Refill:
    """The images on which statistics of units are taken: those of `split` at `images` (all if None)."""

    split: Split
    images: Tensor | None = None
    batch: int = BATCH
    layers: Sequence[str] = ()
    """The modules whose units `repair` gives other statistics: `permute.repair.hidden_places` of all networks."""

    def batches(self) -> InOrder:
        """The images in the order of their indices."""
        return InOrder(self.split if self.images is None else self.split.subset(self.images), self.batch, hold=True)


def curves(
    module: nn.Module,
    ends: Ends,
    alphas: Sequence[float],
    on: Evaluated,
    policies: Sequence[Policy] = ("average", "recompute"),
    refill: Refill | None = None,
    pulse: Callable[[int], None] = lambda done: None,
) -> dict[Policy, PathCurve]:
    """Evaluate w = (1 - alpha) a + alpha b at each alpha, the weights masked before mixing.

    The module lends its tensors: its own weights are lost. Integer buffers are a's. Under `average` float buffers are
    mixed as the weights are, and the ends are a and b themselves. Under `recompute` batch norm's running statistics
    are taken anew at every alpha, ends too: averaged over the batches of `refill`, by default of the training images
    that are evaluated. Without batch norm these two are one and the same.

    Under `repair` (Jordan et al. 2023) every unit of the modules that `refill` names has the mean and deviation, over
    its images, that lie between those of the ends, (1 - alpha) a's + alpha b's; the ends are a and b themselves. With
    batch norm it is `recompute`, which does just that to the outputs of norms.

    Each batch of images is made once for as many points as fit in a group (`several.GROUP`). `pulse` is called after
    each batch of each point with how many points' worth of work is done, and may raise.
    """
    a, b = (masks.apply(ends.mask or {}, end) for end in (ends.a, ends.b))
    apart = distance(a, b, [name for name, p in module.named_parameters() if p.requires_grad])
    norms = has_batch_norm(module)
    points: dict[Policy, list[Point]] = {
        policy: [(_way(policy, norms, alpha), alpha) for alpha in alphas] for policy in policies
    }
    statistics = any(policy == "repair" or (policy == "recompute" and norms) for policy in policies)
    if statistics and refill is None:
        if on.train is None:
            raise ValueError("statistics of units are taken on training images, and none are given")
        refill = Refill(on.train)
    walk = Walk(module, a, b, [point for of_policy in points.values() for point in of_policy], on.stacked)
    splits = on.batches(hold=walk.passes > 1)
    seen = Seen(splits, on.each, refill.batches() if statistics and refill else None, refill.layers if refill else ())
    # Rounded down, but for what rounding makes of whole points.
    looked = walk.looked(seen, lambda share: pulse(int(share * len(alphas) + 1e-6)))
    return {
        policy: _curve(policy, alphas, apart, [looked[point] for point in of_policy], on.each)
        for policy, of_policy in points.items()
    }


def _way(policy: Policy, norms: bool, alpha: float) -> Way:
    """How a policy looks at a point of a network with, or without, batch norm."""
    if norms:
        return "as it is" if policy == "average" else "anew"
    return "repaired" if policy == "repair" and alpha not in (0, 1) else "as it is"


def _curve(
    policy: Policy, alphas: Sequence[float], apart: float, points: Sequence[Mapping[str, Looked]], each: bool
) -> PathCurve:
    names = list(points[0]) if points else []
    values = {name: tuple(point[name].value for point in points) for name in names}
    return PathCurve(
        tuple(alphas),
        values.get("train", ()),
        values.get("test", ()),
        policy,
        apart,
        validation=values.get("validation", ()),
        images={name: _images([point[name] for point in points]) for name in names} if each else {},
    )


def _images(looked: Sequence[Looked]) -> Images:
    wrong, losses = (np.stack([getattr(point, what).numpy() for point in looked]) for what in ("wrong", "losses"))
    return Images(wrong, losses)


def distance(a: Mapping[str, Tensor], b: Mapping[str, Tensor], names: Iterable[str]) -> float:
    """L2 distance over the tensors of these names, summed in float64. Mask the states first where there is a mask."""
    return math.sqrt(sum(float((a[name].double() - b[name].double()).square().sum()) for name in names))
