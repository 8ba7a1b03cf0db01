"""What a distilled set is worth by itself."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import NEUTRAL
from lmcspec.catalog.levels import LevelMeasure, Levels
from lmcspec.catalog.measures.accuracy import headline, metrics, read


class SetAccuracy(LevelMeasure):
    """Accuracy of networks trained on a distilled set alone: one for each replicate, at its last update."""

    kind: Literal["set-accuracy"] = "set-accuracy"
    set: str = Field(examples=["dm10"])
    """A distilled set: its name under [distilled]."""
    levels: Levels = ("dense",)
    evaluate: str | None = Field(default=None, examples=["distilled"])
    """Recipe to train with; by default the evaluation protocol of the set's method, else `distilled` or `real`."""
    copies: int = Field(default=1, ge=1)
    """Data orders to average over. [data orders]"""
    split: Literal["test", "validation", "train"] = Field(default="test", json_schema_extra=NEUTRAL)
    """The images that tables go by; all splits are kept, and `train` is the set itself."""


CARD = MeasureCard(
    doc="accuracy of networks trained on a distilled set alone",
    config=SetAccuracy,
    implementation="lmcspec.plan.measures.set_accuracy:targets",
    metrics=metrics("set-accuracy"),
    read=read,
    headline=headline,
    by_protocol=True,
)
