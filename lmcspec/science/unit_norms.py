"""Norms that are put behind the layers of a network, one value a unit: to see what units do, or to settle it.

Between two networks the variance of activations collapses; REPAIR (Jordan et al. 2023) gives every unit of what lies
between them the mean and deviation that lie between theirs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.instancenorm import _InstanceNorm

from lmcspec.science.models.norms import ChannelNorm

EPS = 1e-9
"""Added to variances, so that rounding is not all that is left of a unit that never changes; torch's 1e-5 would leave
units of a small variance too small."""

Batches = Iterable[tuple[Tensor, Tensor]]
"""Images (n, C, H, W) and labels, on the module's device, as often as wanted: `evaluate.InOrder`."""
Layer = _ConvNd | nn.Linear


class UnitStatistics(NamedTuple):
    """Of each unit that a layer gives its mean, and its deviation or variance, over images and pixels."""

    mean: Tensor
    spread: Tensor


def axis_of_units(part: nn.Module) -> int | None:
    """The axis of its output on which the units of a layer, or of a norm with a scale for each, lie; None of others."""
    match part:
        case nn.Linear():
            return -1
        case _ConvNd() | ChannelNorm():
            return 1
        case nn.GroupNorm() | _InstanceNorm():
            return 1 if part.weight is not None else None
        case nn.LayerNorm() | nn.RMSNorm():
            last_alone = type(part) in (nn.LayerNorm, nn.RMSNorm) and len(part.normalized_shape) == 1
            return -1 if last_alone and part.weight is not None else None
        case _:
            return None


@dataclass(slots=True, eq=False)
class _UnitNorm:
    """The norm behind one layer."""

    axis: int
    batches: int = 0
    mean: Tensor = field(default_factory=lambda: torch.zeros(()))
    variance: Tensor = field(default_factory=lambda: torch.ones(()))
    goal: UnitStatistics | None = None
    """Means and deviations to give units; None to leave them as they are."""

    def take(self, last: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of a batch (…, units), which enter the means over batches."""
        variance, mean = torch.var_mean(last.flatten(0, -2), 0, correction=0)
        self.batches += 1
        share = 1 / self.batches
        self.mean = mean.clone() if self.batches == 1 else self.mean.lerp(mean, share)
        self.variance = variance.clone() if self.batches == 1 else self.variance.lerp(variance, share)
        return mean, variance


class UnitNorms:
    """Norms behind some of a network's layers, which do nothing until they are told to; see `behind`."""

    def __init__(self, module: nn.Module, layers: Sequence[str]) -> None:
        parts = dict(module.named_modules())
        self._module = module
        self._mode: Literal["off", "watch", "settle", "hold"] = "off"
        self._norms: dict[str, _UnitNorm] = {}
        self._hooks = []
        for name in layers:
            axis = axis_of_units(parts[name])
            if axis is None:
                raise ValueError(f"{name!r} has no axis of units behind which a norm could stand")
            norm = self._norms[name] = _UnitNorm(axis)
            self._hooks.append(parts[name].register_forward_hook(self._hook(norm)))

    def statistics(self) -> dict[str, UnitStatistics]:
        """Mean and variance of each unit of each layer that ran, over the batches that were seen last."""
        return {name: UnitStatistics(norm.mean, norm.variance) for name, norm in self._norms.items() if norm.batches}

    def watch(self, batches: Batches) -> dict[str, UnitStatistics]:
        """Means and deviations of the network as it is: the means over batches of each batch's mean and variance."""
        return watch_each([self], batches)[0]

    def settle(self, batches: Batches, goals: Mapping[str, UnitStatistics]) -> None:
        """Find what brings each unit to its goal, a mean and a deviation: statistics as `watch` takes them.

        All norms before a layer are at work on the same batch.
        """
        settle_each([self], batches, [goals])

    @contextmanager
    def held(self) -> Iterator[None]:
        """In it the network is the settled one."""
        self._mode = "hold"
        try:
            yield
        finally:
            self._mode = "off"

    def close(self) -> None:
        """Take the norms away."""
        for hook in self._hooks:
            hook.remove()

    def _hook(self, norm: _UnitNorm) -> Any:
        def behind_layer(part: nn.Module, given: Any, output: Tensor) -> Tensor:
            if self._mode == "off":
                return output
            last = output.movedim(norm.axis, -1)
            mean, variance = (norm.mean, norm.variance) if self._mode == "hold" else norm.take(last)
            if self._mode == "watch" or norm.goal is None:
                return output
            scale = norm.goal.spread / (variance + EPS).sqrt()
            return ((last - mean) * scale + norm.goal.mean).movedim(-1, norm.axis)

        return behind_layer


def watch_each(
    networks: Sequence[UnitNorms], batches: Batches, pulse: Callable[[int], None] = lambda networks: None
) -> list[dict[str, UnitStatistics]]:
    """As `UnitNorms.watch`, of several networks in one pass over the batches.

    `pulse` is called with how many networks have looked at another batch, and may raise.
    """
    _run(networks, "watch", batches, pulse)
    return [
        {name: UnitStatistics(mean, variance.sqrt()) for name, (mean, variance) in norms.statistics().items()}
        for norms in networks
    ]


def settle_each(
    networks: Sequence[UnitNorms],
    batches: Batches,
    goals: Sequence[Mapping[str, UnitStatistics]],
    pulse: Callable[[int], None] = lambda networks: None,
) -> None:
    """As `UnitNorms.settle`, of several networks in one pass over the batches, each with goals of its own."""
    for norms, wanted in zip(networks, goals, strict=True):
        for name, norm in norms._norms.items():
            norm.goal = wanted.get(name)
    _run(networks, "settle", batches, pulse)


def _run(
    networks: Sequence[UnitNorms], mode: Literal["watch", "settle"], batches: Batches, pulse: Callable[[int], None]
) -> None:
    for norms in networks:
        for norm in norms._norms.values():
            norm.batches = 0
        norms._module.eval()
        norms._mode = mode
    try:
        with torch.no_grad():
            for x, _ in batches:
                for norms in networks:
                    norms._module(x)
                    pulse(1)
    finally:
        for norms in networks:
            norms._mode = "off"


@contextmanager
def behind(module: nn.Module, layers: Sequence[str]) -> Iterator[UnitNorms]:
    """Norms behind these modules of a network, which go at the end. ValueError for one whose units can't be told."""
    norms = UnitNorms(module, layers)
    try:
        yield norms
    finally:
        norms.close()


def between(
    a: Mapping[str, UnitStatistics], b: Mapping[str, UnitStatistics], alpha: float
) -> dict[str, UnitStatistics]:
    """The means and deviations (1 - alpha) a + alpha b."""
    return {
        name: UnitStatistics(*((1 - alpha) * mine + alpha * other for mine, other in zip(of_a, b[name], strict=True)))
        for name, of_a in a.items()
    }
