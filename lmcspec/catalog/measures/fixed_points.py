"""Fixed points: in how many units two permutations agree."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Config, Several
from lmcspec.catalog.measures.masks import share
from lmcspec.catalog.metric import Metrics


class FixedPoints(Config):
    """The share of units that two ways of aligning the same partners send to the same place, in all and by group."""

    kind: Literal["fixed-points"] = "fixed-points"
    between: Several[str] = Field(min_length=2, examples=[["wm", "am"]])
    """Names under [permutations]: the first is held against each of the others."""


CARD = MeasureCard(
    doc="units that two permutations send to the same place, beside what chance would",
    config=FixedPoints,
    implementation="lmcspec.plan.measures.fixed_points:targets",
    source="Sharma et al. 2024, Simultaneous Linear Connectivity of Neural Networks Modulo Permutation",
    metrics=Metrics(
        (
            replace(share("fixed-points", "fixed-points"), said="units sent to the same place (%)"),
            share("fixed-points-by-chance", "fixed-points"),
        ),
        by_layer=(share("layer-fixed-points", "fixed-points", charted=False),),
    ),
    headline="fixed-points",
    quantities=("fixed-points",),
    of_partners=True,
)
