"""The sparsest level that still matches the dense network."""

from typing import Literal

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Config
from lmcspec.catalog.levels import Names


class Matching(Config):
    """mean accuracy >= mean(dense) - sample std(dense), at the sparsest level for which it holds."""

    kind: Literal["matching"] = "matching"
    networks: Names = "all"
    accuracy: str = "accuracy"
    """The accuracy measure whose levels it reads."""


CARD = MeasureCard(
    doc="the sparsest level that still matches dense; trains nothing of its own",
    config=Matching,
    implementation="lmcspec.plan.measures.matching:targets",
    source="Frankle et al. 2020",
    verdict="matching",
    reads="accuracy",
)
