"""Verdicts in words, never without n: below three replicates there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lmcspec.report.compare import Interval, difference
from lmcspec.report.noise import Floor
from lmcspec.report.replicates import FEWEST, needed
from lmcspec.report.summary import Cell

UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`word` is the verdict, `undecided` without enough replicates.

    `interval` is how sure the number is that decided: 95 %, by t over replicates. It makes no verdict another one.
    """

    word: str
    n: int
    interval: Interval | None = field(default=None, compare=False)
    difference: float | None = field(default=None, compare=False)
    """From the dense network, in the mean."""
    pairs: int = field(default=0, compare=False)
    """How many replicates are paired in the interval of a difference."""
    noise: Floor | None = None
    """The floor of a number that noise alone may make."""
    needed: int | None = field(default=None, compare=False)
    """Of what is undecided: the replicates whose interval would lie on one side of the threshold if mean and spread
    stay as they are; as many as any verdict takes where no spread is known. None where no number up to a thousand does.
    """

    def __str__(self) -> str:
        if self.noise is None:
            return f"{self.word} (n = {self.n})"
        return f"{self.word}, within the noise of {self.noise.images:,} images (n = {self.n})"


def stable(instability: Cell, threshold: float) -> Verdict:
    """`stable` if the mean test instability over replicates is below the threshold, else `unstable`.

    `collapsed` where networks at the ends diverged, died or only guess: between such networks nothing rises. The
    interval is that of the mean, by Student's t.
    """
    if instability.n < FEWEST:
        return _undecided(instability.n, (instability.std or 0.0,), instability.mean - threshold)
    if instability.collapsed:
        return Verdict("collapsed", instability.n)
    half = instability.half_width
    interval = None if half is None else Interval(instability.mean - half, instability.mean + half)
    noise = instability.floor if instability.is_noise else None
    return Verdict("stable" if instability.mean < threshold else "unstable", instability.n, interval, noise=noise)


def _undecided(n: int, spreads: Sequence[float], off: float) -> Verdict:
    """No verdict: `off` is by how much the mean is off the threshold."""
    known = n > 1 and any(spreads)
    return Verdict(UNDECIDED, n, needed=needed(spreads, abs(off)) if known else FEWEST)


def matches(accuracy: Cell, dense: Cell) -> Verdict:
    """`matching` if mean >= mean(dense) - sample std(dense), else `not matching`.

    `collapsed` where dense networks did: what matches them matches nothing. The interval is that of
    their difference, paired where replicates share their initial weights.
    """
    n = min(accuracy.n, dense.n)
    if n < FEWEST or dense.std is None:
        gap = difference(dense, accuracy)
        # What matches is above mean(dense) - s(dense).
        return _undecided(n, gap.spreads if gap else (), gap.mean + (dense.std or 0.0) if gap else 0.0)
    if dense.collapsed:
        return Verdict("collapsed", n)
    word = "matching" if accuracy.mean >= dense.mean - dense.std else "not matching"
    gap = difference(dense, accuracy)
    if gap is None:
        return Verdict(word, n)
    return Verdict(word, n, gap.interval, gap.mean, gap.pairs)


class MatchingGaps(NamedTuple):
    """The measured levels that are not known to match."""

    unlike: tuple[int, ...]
    """Those that don't; of a sparsest match those before it."""
    undecided: Mapping[int, Verdict]
    """Those with too few replicates to say, before and beyond it."""
    whole: bool
    """Whether all levels before it were measured."""


def matching_gaps(accuracies: Mapping[int, Cell], dense: Cell, level: int | None) -> MatchingGaps:
    """What is not known to match around a sparsest match; of all levels where None matches.

    A level of which no replicate came to a number is in neither: there is nothing to decide.
    """
    verdicts = {measured: matches(accuracies[measured], dense) for measured in sorted(accuracies) if measured}
    before = [measured for measured in verdicts if level is None or measured < level]
    return MatchingGaps(
        tuple(measured for measured in before if verdicts[measured].word == "not matching"),
        {measured: verdict for measured, verdict in verdicts.items() if verdict.word == UNDECIDED and verdict.n},
        len(before) + 1 == level,
    )


def matching_level(accuracies: Mapping[int, Cell], dense: Cell) -> tuple[int | None, Verdict]:
    """The sparsest level that matches dense, with the verdict; (None, verdict) where none does or n is too small."""
    verdicts = {level: matches(cell, dense) for level, cell in accuracies.items() if level}
    matching = [level for level, verdict in verdicts.items() if verdict.word == "matching"]
    if matching:
        return max(matching), verdicts[max(matching)]
    n = min((verdict.n for verdict in verdicts.values()), default=dense.n)
    words = {verdict.word for verdict in verdicts.values()} - {"not matching"}
    return None, Verdict(min(words, default="no level matches"), n)
