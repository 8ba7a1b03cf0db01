"""Weight matching."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import MatcherCard
from lmcspec.catalog.config import Config


class WeightMatching(Config):
    """The permutation that brings the weights of the second network near those of the first, group by group."""

    method: Literal["weights"] = "weights"
    kernel: Literal["linear", "cosine"] = "linear"
    """Products of weights, or these divided by the norms of both units, parameter by parameter."""
    restarts: int = Field(default=1, ge=1, le=10_000)
    """Runs over the groups in other random orders; the best is kept. [runs]"""
    sweeps: int = Field(default=100, ge=1, le=100_000)
    """How often a run goes over all groups, at most; it stops where nothing moves any more. [rounds]"""


CARD = MatcherCard(
    doc="weights of the second network near those of the first, by greedy coordinate ascent",
    config=WeightMatching,
    implementation="lmcspec.science.permute.matchers:by_weights",
    source="Ainsworth, Hayase & Srinivasa, Git Re-Basin, ICLR 2023, algorithm 1",
)
