"""Pruning by magnitude."""

from typing import Literal

from lmcspec.catalog.card import CriterionCard
from lmcspec.catalog.config import Named


class Magnitude(Named):
    """The smallest |w| go."""

    name: Literal["magnitude"] = "magnitude"


CARD = CriterionCard(
    doc="prune the smallest |w| of the trained weights",
    config=Magnitude,
    implementation="lmcspec.science.criteria.magnitude:scores",
    source="Han et al. 2015; Frankle & Carbin 2019",
)
