"""The straight path between two trained networks: errors and losses along it."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lmcspec.science import masks
from lmcspec.science.data.resident import Split
from lmcspec.science.evaluate import BATCH, Evaluation, InOrder, evaluate_on, quick_batch
from lmcspec.science.unit_norms import Batches, UnitNorms, UnitStatistics, behind, between

# pyright: reportPrivateImportUsage=false
# torch gives its operations on lists of tensors private names only.

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

    `pulse` is called after each alpha with how many are done, and may raise.
    """
    a, b = (masks.apply(ends.mask or {}, end) for end in (ends.a, ends.b))
    apart = distance(a, b, [name for name, p in module.named_parameters() if p.requires_grad])
    norms = has_batch_norm(module)
    wanted = {"train": on.train, "test": on.test, "validation": on.validation}
    splits = {
        name: InOrder(split, on.batch or quick_batch(split), hold=True)
        for name, split in wanted.items()
        if split is not None
    }
    anew: list[Policy] = [policy for policy in policies if norms and policy != "average"]
    repairs: list[Policy] = [policy for policy in policies if not norms and policy == "repair"]
    plain: list[Policy] = [policy for policy in policies if policy not in (*anew, *repairs)]
    refills: Iterable[tuple[Tensor, Tensor]] = ()
    layers: Sequence[str] = ()
    if anew or repairs:
        if refill is None:
            if on.train is None:
                raise ValueError("statistics of units are taken on training images, and none are given")
            refill = Refill(on.train)
        refills, layers = refill.batches(), refill.layers
    looked: dict[Policy, list[dict[str, _Looked]]] = {policy: [] for policy in policies}
    mix = _Mixture(module, a, b)

    def look() -> dict[str, _Looked]:
        return {name: _look(module, batches, on.each) for name, batches in splits.items()}

    def add(to: Iterable[Policy], values: dict[str, _Looked]) -> None:
        for policy in to:
            looked[policy].append(values)

    with behind(module, layers if repairs else ()) as units:
        of_a, of_b = (_watched(mix, end, units, refills) for end in (0, 1)) if repairs else ({}, {})
        for done, alpha in enumerate(alphas, 1):
            mix.set(alpha)
            as_it_is: list[Policy] = [*plain, *repairs] if alpha in (0, 1) else plain
            if as_it_is:
                add(as_it_is, look())
            if anew:
                recompute(module, refills)
                add(anew, look())
            if repairs and alpha not in (0, 1):
                units.settle(refills, between(of_a, of_b, alpha))
                with units.held():
                    add(repairs, look())
            pulse(done)
    return {
        policy: PathCurve(
            tuple(alphas),
            tuple(v["train"].value for v in values if "train" in v),
            tuple(v["test"].value for v in values),
            policy,
            apart,
            validation=tuple(v["validation"].value for v in values if "validation" in v),
            images={name: _images([v[name] for v in values]) for name in splits} if on.each else {},
        )
        for policy, values in looked.items()
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """The evaluation of a position on a split, and where asked for what becomes of each image."""

    value: Evaluation
    wrong: np.ndarray
    losses: np.ndarray


_NOTHING = np.empty(0)


def _look(module: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], each: bool) -> _Looked:
    if not each:
        return _Looked(evaluate_on(module, batches), _NOTHING, _NOTHING)
    wrong: list[Tensor] = []
    losses: list[Tensor] = []

    def keep(of_batch: Tensor, of_each: Tensor) -> None:
        wrong.append(of_batch)
        losses.append(of_each.float())

    value = evaluate_on(module, batches, keep)
    return _Looked(value, torch.cat(wrong).cpu().numpy(), torch.cat(losses).cpu().numpy())


def _images(looked: Sequence[_Looked]) -> Images:
    return Images(np.stack([position.wrong for position in looked]), np.stack([position.losses for position in looked]))


def has_batch_norm(module: nn.Module) -> bool:
    """Whether running statistics decide what the module computes in evaluation mode."""
    return any(isinstance(part, _BatchNorm) and part.track_running_stats for part in module.modules())


def distance(a: Mapping[str, Tensor], b: Mapping[str, Tensor], names: Iterable[str]) -> float:
    """L2 distance over the tensors of these names, summed in float64. Mask the states first where there is a mask."""
    return math.sqrt(sum(float((a[name].double() - b[name].double()).square().sum()) for name in names))


class _Mixture:
    """Writes (1 - alpha) a + alpha b into the tensors of a module; nothing is copied but the two ends, once."""

    def __init__(self, module: nn.Module, a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> None:
        module.load_state_dict(dict(a))  # integer buffers, and the check of names and shapes
        if set(a) != set(b):
            raise ValueError(f"the ends are of different models: {sorted(set(a) ^ set(b))[:3]}")
        live = module.state_dict()
        names = [name for name, tensor in live.items() if tensor.is_floating_point()]
        self._live = [live[name] for name in names]
        self._a = [a[name].to(live[name].device) for name in names]
        self._b = [b[name].to(live[name].device) for name in names]

    def set(self, alpha: float) -> None:
        """Go to alpha; at 0 and 1 the ends are copied, so that they are exact whatever they hold."""
        with torch.no_grad():
            if alpha in (0, 1):
                torch._foreach_copy_(self._live, self._b if alpha else self._a)
                return
            torch._foreach_copy_(self._live, torch._foreach_mul(self._a, 1 - alpha))
            torch._foreach_add_(self._live, torch._foreach_mul(self._b, alpha))


def _watched(mix: _Mixture, end: float, units: UnitNorms, batches: Batches) -> dict[str, UnitStatistics]:
    mix.set(end)
    return units.watch(batches)


def recompute(module: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Fresh running statistics from these batches: the mean over batches of each batch's mean and variance."""
    norms = [part for part in module.modules() if isinstance(part, _BatchNorm) and part.track_running_stats]
    momenta = [norm.momentum for norm in norms]
    module.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's way to ask for the cumulative average
        norm.train()
    try:
        with torch.no_grad():
            for x, _ in batches:
                module(x)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()
