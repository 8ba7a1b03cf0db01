"""What masks leave of every layer."""

from typing import Literal

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Config
from lmcspec.catalog.levels import Levels, Names
from lmcspec.catalog.metric import PERCENT, Metric, Metrics


class Masks(Config):
    """The sparsity of every layer."""

    kind: Literal["masks"] = "masks"
    networks: Names = "all"
    levels: Levels
    """The levels whose masks are looked at; dense ones have none and are left out."""


def share(name: str, measure: str, *, charted: bool = True) -> Metric:
    """A share of weights."""
    return Metric(name=name, measure=measure, quantity=name, unit=PERCENT, chart=(name,) if charted else ())


SPARSITIES = Metrics((share("sparsity", "masks"),), by_layer=(share("layer-sparsity", "masks", charted=False),))

CARD = MeasureCard(
    doc="sparsity of every layer",
    config=Masks,
    implementation="lmcspec.plan.measures.masks:targets",
    metrics=SPARSITIES,
    headline="sparsity",
)
