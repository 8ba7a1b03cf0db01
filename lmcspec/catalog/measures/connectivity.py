"""Connectivity of partners: the straight path between two networks from different initialisations."""

from typing import Any, Literal

from pydantic import Field

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Several, StepField
from lmcspec.catalog.levels import LevelMeasure, Levels
from lmcspec.catalog.measures.accuracy import StepOrSteps
from lmcspec.catalog.measures.on_paths import EvaluatedOn, Points, Policies, RefilledWith, Splits
from lmcspec.catalog.measures.stability import path_metrics, read
from lmcspec.catalog.metric import POLICIES


class Connectivity(LevelMeasure):
    """Go straight from the network of one partner to that of the other, its units permuted or not."""

    kind: Literal["connectivity"] = "connectivity"
    levels: Levels
    under: Several[str] = Field(default=("none",), min_length=1, examples=[["none", "wm"]])
    """Names under [permutations], or `none`; the second partner's network is permuted."""
    through: StepOrSteps | None = None
    """Also on the way: from where each level begins at the multiples of this step, or at the steps of a list."""
    branch: Several[StepField] = Field(default=(), examples=[[0, "2ep"]])
    """Also between children: from each of these steps both partners train on anew, under other orders of their data."""
    ends: Literal["whole", "pruned"] = "whole"
    """The two networks as they were trained, or each without the weights that the permutation's `prune` takes."""
    points: Points = 25
    split: Splits = ("train", "test")
    images: EvaluatedOn = "all"
    bn: Policies = ("average", "recompute")
    bn_images: RefilledWith = 10_000


METRICS = path_metrics("connectivity", "barrier")


def headline(params: Any, split: str) -> str:
    """The name of the barrier in error, on test images with averaged statistics where it looked at these."""
    split = "test" if "test" in params.split else params.split[0]
    policy = POLICIES[0] if POLICIES[0] in params.bn else params.bn[0]
    return f"barrier/{split}" + ("" if policy == POLICIES[0] else f"@{policy}")


CARD = MeasureCard(
    doc="barriers on the straight path between partners, permuted or not",
    config=Connectivity,
    implementation="lmcspec.plan.measures.connectivity:targets",
    source="Sharma et al. 2024, Simultaneous Linear Connectivity of Neural Networks Modulo Permutation",
    metrics=METRICS,
    read=read,
    headline=headline,
    quantities=("barrier", "midpoint", "instability", "distance"),
    of_partners=True,
)
