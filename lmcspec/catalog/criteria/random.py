"""Random pruning."""

from typing import Literal

from lmcspec.catalog.card import CriterionCard
from lmcspec.catalog.config import Named


class Random(Named):
    """Uniformly drawn weights go; nothing is trained between rounds."""

    name: Literal["random"] = "random"


CARD = CriterionCard(
    doc="prune uniformly drawn weights",
    config=Random,
    implementation="lmcspec.science.criteria.random:scores",
    trains=False,
)
