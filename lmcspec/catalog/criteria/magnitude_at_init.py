"""Pruning by the magnitude that weights have before training."""

from typing import Literal

from lmcspec.catalog.card import CriterionCard
from lmcspec.catalog.config import Named


class MagnitudeAtInit(Named):
    """The smallest |w| at the rewind point go."""

    name: Literal["magnitude-at-init"] = "magnitude-at-init"


CARD = CriterionCard(
    doc="prune the smallest |w| of the weights at the rewind point",
    config=MagnitudeAtInit,
    implementation="lmcspec.science.criteria.magnitude:scores",
    source="Frankle et al. 2021",
    trains=False,
    rewound=True,
)
