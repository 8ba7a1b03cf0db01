"""What masks have in common."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Config
from lmcspec.catalog.levels import Levels, Names
from lmcspec.catalog.measures.masks import share
from lmcspec.catalog.metric import Metric, Metrics


class Overlap(Config):
    """How much of a mask another network's mask of the same level keeps, too, in all and by layer; and by chance."""

    kind: Literal["overlap"] = "overlap"
    networks: Names = "all"
    levels: Levels
    """The levels whose masks are compared; dense ones have none and are left out."""
    against: str = Field(examples=["random"])
    """The network whose masks they are compared with: level by level, within a replicate."""


CARD = MeasureCard(
    doc="what two networks' masks have in common, beside what random ones would have",
    config=Overlap,
    implementation="lmcspec.plan.measures.masks:overlaps",
    metrics=Metrics(
        (
            *(share(name, "overlap") for name in ("sparsity", "overlap", "overlap-by-chance", "overlap-of-either")),
            Metric(name="deviations", measure="overlap", quantity="deviations", chart=("deviations",)),
        ),
        by_layer=tuple(share(name, "overlap", charted=False) for name in ("layer-sparsity", "layer-overlap")),
    ),
    headline="overlap",
)
