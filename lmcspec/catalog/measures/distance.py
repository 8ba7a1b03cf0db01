"""Distances between copies and from where they started."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Several, StepField, StepOrRewind
from lmcspec.catalog.levels import LevelMeasure, Levels


class Distance(LevelMeasure):
    """Train copies from the state at k under different data orders, and measure how far apart they end."""

    kind: Literal["distance"] = "distance"
    levels: Levels
    at: Several[StepOrRewind] = ("rewind",)
    """The steps k at which the copies part; `rewind` is the level's own starting point."""
    copies: int = Field(default=2, ge=2)
    """Data orders; all their pairs are compared. Those of a stability measure are the same trainings."""
    through: StepField | None = None
    """Also compare the copies during training, at the multiples of this step."""


CARD = MeasureCard(
    name="distance",
    doc="L2 distance of copies, of each from their common start, and the angle between their ways",
    config=Distance,
    implementation="lmcspec.plan.measures.distance:targets",
    source="Frankle et al. 2020, appendices D and E",
)
