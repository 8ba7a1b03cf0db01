"""From stages to levels: how many prunings, how dense each level is, which stage trains it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from lmcspec.base.steps import Step
from lmcspec.catalog import CriterionCard, get
from lmcspec.plan.given_tensors import MaskCounts
from lmcspec.plan.level import Level
from lmcspec.spec.study import Stage

MOST_PRUNINGS = 10_000
"""Prunings of one network: levels, but for the dense one."""
UNKNOWN_DENSITY = 0.5
"""Stands in for that of a mask whose file is not here, so that there are levels; it is shown nowhere."""
EPSILON = 2.0**-52
"""Smaller fractions vanish beside 1."""


class LevelError(ValueError):
    """A stage that can't be; `code` and `key` say which rule and where in the stage."""

    def __init__(self, code: str, key: str, message: str, help: str = "") -> None:
        super().__init__(message)
        self.code, self.key, self.help = code, key, help


@dataclass(frozen=True, slots=True)
class StagePlan:
    """A stage with its place among the levels."""

    index: int
    stage: Stage
    entry: int
    """The level at which it enters; it ends at `entry + rounds`."""
    rounds: int
    fraction: float
    """Share of the surviving eligible weights pruned by each round."""
    exact: float | None
    """The total sparsity to which the last round prunes, where it does so exactly."""
    density: float
    """Nominal, at the end."""
    origin: Step = Step()
    """How far the weights are trained with which the network starts."""
    survivors: Mapping[str, int] | None = None
    """Of a stage that takes a mask from a file: what that leaves of each layer, where it is known."""
    known: bool = True
    """False where rounds and fraction stand in for others, as they hang on a mask whose file is not here."""

    def begins_at(self, level: int) -> Step:
        """The point of its schedule at which a level of this stage begins: that of the network's start unless told."""
        if self.stage.start == "trained" and level:
            return self.stage.schedule_from or Step()
        rewound = level > self.entry or (level and self.stage.rewind_of == "dense")
        return self.stage.rewind if rewound and self.stage.rewind != Step() else self.origin


class ExcludedWeights(NamedTuple):
    """What survives in the layers that a stage excludes, as a share of all prunable weights."""

    share: float
    certain: bool
    """False where an earlier ranking of these with other layers decides: then it is in proportion to what survives."""

    def __str__(self) -> str:
        return f"{self.share:.1%}" if self.certain else f"about {self.share:.1%}"


NONE_EXCLUDED = ExcludedWeights(0.0, certain=False)
"""What is as good as nothing, where nobody knows what is left of excluded layers."""


def lay_out(
    stages: tuple[Stage, ...],
    layers: Mapping[str, int],
    masks: Mapping[str, MaskCounts] = MappingProxyType({}),
    origin: Step = Step(),
) -> tuple[tuple[StagePlan, ...], tuple[Level, ...]]:
    """Place the stages one after the other.

    `layers` are prunable weights by layer, empty where they aren't known: then it is as if nothing were excluded.
    `masks` are those of files by name; `origin` is how far the weights are trained with which the network starts.
    Raises LevelError. The number of rounds to a sparsity s is `floor(ln((1-s-x)/(d-x)) / ln(1-fraction) + 1/2)` with
    d the density at which the stage enters and x what survives then of what it excludes; with both `sparsity` and
    `rounds` the fraction is solved for. Where the fraction is one of all survivors, it is as if nothing were excluded,
    until only that is left. Under a mask whose file is not here nothing of that is known: a stage to a sparsity has one
    round in its place, and none is refused.
    """
    plans: list[StagePlan] = []
    densities: list[tuple[float, int]] = [(1.0, 0)]
    known = [True]
    left: dict[str, float] = dict(layers)
    ranked = [{layer} for layer in layers]
    for index, stage in enumerate(stages):
        density = densities[-1][0]
        entry = len(densities) - 1
        densities[-1] = (density, index)
        if stage.mask is not None:
            given = masks[stage.mask]
            known.append(given.density is not None)
            density = UNKNOWN_DENSITY if given.density is None else given.density
            densities.append((density, index))
            plans.append(
                StagePlan(index, stage, entry, 1, 1 - density, None, density, origin, given.survivors, known[-1])
            )
            left = {layer: density * size for layer, size in left.items()} | dict(given.survivors or {})
            ranked = ranked if given.survivors is not None else [set(layers)]
            continue
        spared = _excluded_weights(stage, left, sum(layers.values()), ranked) if known[-1] else NONE_EXCLUDED
        idle = stage.shuffle or (stage.weights is not None and not stage.prunes)
        told = known[-1] or stage.sparsity is None
        rounds, fraction = (0, stage.fraction) if idle else _rounds(stage, density, spared, known[-1])
        if entry + rounds > MOST_PRUNINGS:
            key = "fraction" if stage.rounds is None else "rounds"
            raise LevelError(
                "E455",
                key,
                f"this prunes {entry + rounds:,} times; a network is pruned at most {MOST_PRUNINGS:,} times",
            )
        floor = 0.0 if stage.fraction_of == "all" else spared.share
        for done in range(1, rounds + 1):
            reached = floor + (density - floor) * (1 - fraction) ** done
            if reached < spared.share:
                if spared.certain:
                    raise LevelError(
                        "E407",
                        "fraction",
                        f"round {done} takes {fraction:.0%} of all weights that are left, and the {spared} that are "
                        "excluded are more than it would leave",
                        f"say `rounds = {done - 1}`" if done > 1 else "exclude fewer layers",
                    )
                reached = spared.share
            if stage.exact and stage.sparsity is not None and done == rounds:
                reached = 1 - stage.sparsity
            densities.append((reached, index))
            known.append(known[-1] or (stage.exact and done == rounds))
        exact = stage.sparsity if stage.exact else None
        plans.append(StagePlan(index, stage, entry, rounds, fraction, exact, densities[-1][0], origin, known=told))
        if rounds and density > spared.share:
            kept = (densities[-1][0] - spared.share) / (density - spared.share)
            left |= {layer: size * kept for layer, size in left.items() if layer not in stage.exclude}
            ranked = ranked_together(stage, ranked)
    levels = tuple(
        Level(number, density, owner, known=sure)
        for number, ((density, owner), sure) in enumerate(zip(densities, known, strict=True))
    )
    return tuple(plans), levels


def is_split(groups: Iterable[set[str]], excluded: Iterable[str]) -> bool:
    """Whether layers that were ranked together are pruned only in part, so that what survives of them isn't known."""
    excluded = set(excluded)
    return any(layers & excluded and layers - excluded for layers in groups)


def ranks_by_layer(stage: Stage, groups: Iterable[set[str]]) -> bool:
    """Whether it is known of each layer how many weights a round takes, where `groups` were ranked together before."""
    card = get("criterion", stage.criterion.name)
    assert isinstance(card, CriterionCard)
    apart = all(len(layers) == 1 for layers in groups if not layers & set(stage.exclude))
    return stage.scope == "layer" and not card.passes and apart


def ranked_together(stage: Stage, groups: list[set[str]]) -> list[set[str]]:
    """Layers of which only the sum of survivors is known after a stage has pruned."""
    if ranks_by_layer(stage, groups):
        return groups
    excluded = set(stage.exclude)
    kept = [layers for layers in groups if layers <= excluded]
    ranked = [layers for layers in groups if not layers <= excluded]
    return [*kept, set().union(*ranked)]


def _excluded_weights(stage: Stage, left: Mapping[str, float], total: int, ranked: list[set[str]]) -> ExcludedWeights:
    """What survives in a stage's excluded layers; `left` is what survives in each, in proportion where not certain."""
    weights = sum(left.get(layer, 0) for layer in set(stage.exclude))
    return ExcludedWeights(weights / total if total else 0.0, not is_split(ranked, stage.exclude))


def _rounds(stage: Stage, density: float, spared: ExcludedWeights, known: bool) -> tuple[int, float]:
    """How many rounds, and the fraction of each; `known` is whether the density is."""
    if stage.sparsity is None:
        if stage.rounds is None:
            raise LevelError("E407", "rounds", "a stage needs `rounds`, `sparsity` or both")
        if stage.exact:
            raise LevelError("E407", "exact", "`exact` needs a `sparsity` to prune to")
        return stage.rounds, stage.fraction
    if not known:
        return stage.rounds or 1, stage.sparsity  # two stages to other sparsities are other stages
    wanted = 1 - stage.sparsity
    if wanted >= density:
        raise LevelError(
            "E402",
            "sparsity",
            f"the network is {1 - density:.1%} sparse when this stage begins: "
            f"it can't be pruned to {stage.sparsity:.1%}",
            "give a sparsity above that, or leave the stage out",
        )
    if wanted <= spared.share:
        if not spared.certain:
            raise LevelError(
                "E407",
                "sparsity",
                f"{spared} of the weights are excluded and left by then, so how to reach a sparsity of "
                f"{stage.sparsity:.1%} isn't known beforehand",
                "say `rounds` and `fraction` in its place, or exclude fewer layers",
            )
        raise LevelError(
            "E407",
            "sparsity",
            f"{spared} of the weights are excluded, so a sparsity of {stage.sparsity:.1%} can't be reached",
            "exclude fewer layers, or ask for less",
        )
    excluded = 0.0 if stage.fraction_of == "all" else spared.share
    ratio = (wanted - excluded) / (density - excluded)
    if stage.rounds is not None:
        return stage.rounds, float(f"{1 - ratio ** (1 / stage.rounds):.12g}")
    # A fraction so small that 1 - fraction is 1 never gets there.
    steps = math.log(ratio) / math.log(1 - stage.fraction) if stage.fraction > EPSILON else math.inf
    if steps > MOST_PRUNINGS:
        rounds = f"{steps:,.0f}" if math.isfinite(steps) else "endless"
        raise LevelError(
            "E455",
            "fraction",
            f"pruning {stage.fraction:g} of the weights each round takes {rounds} rounds to {stage.sparsity:.1%}; "
            f"a network is pruned at most {MOST_PRUNINGS:,} times",
            "prune a larger fraction",
        )
    rounds = math.floor(steps + 0.5)
    if rounds < 1:
        raise LevelError(
            "E407",
            "sparsity",
            f"one round of {stage.fraction:.0%} prunes further than {stage.sparsity:.1%}",
            "say `rounds = 1`, which solves for the fraction, or prune a smaller fraction",
        )
    return rounds, stage.fraction
