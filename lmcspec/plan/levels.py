"""From stages to levels: how many prunings, how dense each level is, which stage trains it."""

import math
from dataclasses import dataclass

from lmcspec.plan.graph import Level
from lmcspec.spec.study import Stage

MOST_LEVELS = 10_000
"""Levels of one network."""
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
    excluded: float
    """Share of the prunable weights that this stage never prunes."""


def lay_out(stages: tuple[Stage, ...], excluded: tuple[float, ...]) -> tuple[tuple[StagePlan, ...], tuple[Level, ...]]:
    """Place the stages one after the other.

    `excluded[i]` is the share of all prunable weights that stage i excludes. Raises LevelError. The number of
    rounds to a sparsity s is `floor(ln((1-s-x)/(d-x)) / ln(1-fraction) + 1/2)` with d the density at which the
    stage enters and x what it excludes; with both `sparsity` and `rounds` the fraction is solved for. Where the
    fraction is one of all survivors, it is as if nothing were excluded, until only that is left.
    """
    plans: list[StagePlan] = []
    densities: list[tuple[float, int]] = [(1.0, 0)]
    for index, (stage, share) in enumerate(zip(stages, excluded, strict=True)):
        density = densities[-1][0]
        entry = len(densities) - 1
        densities[-1] = (density, index)
        rounds, fraction = (0, stage.fraction) if stage.shuffle else _rounds(stage, density, share)
        if entry + rounds > MOST_LEVELS:
            key = "fraction" if stage.rounds is None else "rounds"
            raise LevelError(
                "E455", key, f"this makes {entry + rounds:,} levels; a network has at most {MOST_LEVELS:,}"
            )
        for done in range(1, rounds + 1):
            spared = 0.0 if stage.fraction_of == "all" else share
            reached = spared + (density - spared) * (1 - fraction) ** done
            if stage.fraction_of == "all" and reached < share:
                raise LevelError(
                    "E407",
                    "fraction",
                    f"round {done} takes {fraction:.0%} of all weights that are left, and the {share:.1%} that are "
                    "excluded are more than it would leave",
                    f"say `rounds = {done - 1}`" if done > 1 else "exclude fewer layers",
                )
            if stage.exact and stage.sparsity is not None and done == rounds:
                reached = 1 - stage.sparsity
            densities.append((reached, index))
        exact = stage.sparsity if stage.exact else None
        plans.append(StagePlan(index, stage, entry, rounds, fraction, exact, densities[-1][0], share))
    levels = tuple(Level(number, density, owner) for number, (density, owner) in enumerate(densities))
    return tuple(plans), levels


def _rounds(stage: Stage, density: float, excluded: float) -> tuple[int, float]:
    if stage.sparsity is None:
        if stage.rounds is None:
            raise LevelError("E407", "rounds", "a stage needs `rounds`, `sparsity` or both")
        if stage.exact:
            raise LevelError("E407", "exact", "`exact` needs a `sparsity` to prune to")
        return stage.rounds, stage.fraction
    wanted = 1 - stage.sparsity
    if wanted >= density:
        raise LevelError(
            "E402",
            "sparsity",
            f"the network is {1 - density:.1%} sparse when this stage begins: "
            f"it can't be pruned to {stage.sparsity:.1%}",
            "give a sparsity above that, or leave the stage out",
        )
    if wanted <= excluded:
        raise LevelError(
            "E407",
            "sparsity",
            f"{excluded:.1%} of the weights are excluded, so a sparsity of {stage.sparsity:.1%} can't be reached",
            "exclude fewer layers, or ask for less",
        )
    if stage.fraction_of == "all":
        excluded = 0.0
    ratio = (wanted - excluded) / (density - excluded)
    if stage.rounds is not None:
        return stage.rounds, float(f"{1 - ratio ** (1 / stage.rounds):.12g}")
    # A fraction so small that 1 - fraction is 1 never gets there.
    steps = math.log(ratio) / math.log(1 - stage.fraction) if stage.fraction > EPSILON else math.inf
    if steps > MOST_LEVELS:
        rounds = f"{steps:,.0f}" if math.isfinite(steps) else "endless"
        raise LevelError(
            "E455",
            "fraction",
            f"pruning {stage.fraction:g} of the weights each round takes {rounds} rounds to {stage.sparsity:.1%}; "
            f"a network has at most {MOST_LEVELS:,} levels",
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
