"""Verdicts in words, never without n: below three replicates there is none."""

from collections.abc import Mapping
from dataclasses import dataclass

from lmcspec.report.summary import Cell

FEWEST = 3
"""Replicates below which a verdict is undecided."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`word` is the verdict, `undecided` without enough replicates."""

    word: str
    n: int

    def __str__(self) -> str:
        return f"{self.word} (n = {self.n})"


def stable(instability: Cell, threshold: float) -> Verdict:
    """`stable` if the mean test instability over replicates is below the threshold, else `unstable`."""
    if instability.n < FEWEST:
        return Verdict("undecided", instability.n)
    return Verdict("stable" if instability.mean < threshold else "unstable", instability.n)


def matches(accuracy: Cell, dense: Cell) -> Verdict:
    """`matching` if mean >= mean(dense) - sample std(dense), else `not matching`."""
    n = min(accuracy.n, dense.n)
    if n < FEWEST or dense.std is None:
        return Verdict("undecided", n)
    return Verdict("matching" if accuracy.mean >= dense.mean - dense.std else "not matching", n)


def matching_level(accuracies: Mapping[int, Cell], dense: Cell) -> tuple[int | None, Verdict]:
    """The sparsest level that matches dense, with the verdict; (None, verdict) where none does or n is too small."""
    verdicts = {level: matches(cell, dense) for level, cell in accuracies.items() if level}
    found = [level for level, verdict in verdicts.items() if verdict.word == "matching"]
    if found:
        return max(found), verdicts[max(found)]
    n = min((verdict.n for verdict in verdicts.values()), default=dense.n)
    undecided = any(verdict.word == "undecided" for verdict in verdicts.values())
    return None, Verdict("undecided" if undecided else "no level matches", n)
