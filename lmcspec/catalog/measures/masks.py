"""What masks leave of every layer."""

from typing import Literal

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Config
from lmcspec.catalog.levels import Levels, Names


class Masks(Config):
    """The sparsity of every layer."""

    kind: Literal["masks"] = "masks"
    networks: Names = "all"
    levels: Levels
    """Dense ones have no mask to look at and are left out."""


CARD = MeasureCard(
    name="masks",
    doc="sparsity of every layer",
    config=Masks,
    implementation="lmcspec.plan.measures.masks:targets",
    headline="sparsity",
)
