"""Stability to training noise: linear mode connectivity between copies."""

from typing import Annotated, Literal

from pydantic import Field

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Several, StepField, StepOrRewind
from lmcspec.catalog.levels import LevelMeasure, Levels


class Stability(LevelMeasure):
    """Train copies from the state at k under different data orders and go straight from one to another."""

    kind: Literal["stability"] = "stability"
    levels: Levels
    at: Several[StepOrRewind] = ("rewind",)
    """The steps k at which the copies part; `rewind` is the level's own starting point."""
    copies: int = Field(default=2, ge=2)
    """Data orders; all their pairs are compared."""
    points: int = Field(default=30, ge=2, le=10_000)
    """Evenly spaced points of the path, ends included; the midpoint is added where it is not among them."""
    split: Several[Literal["train", "test", "validation"]] = Field(default=("train", "test"), min_length=1)
    """The images on which to look; `validation` needs a `dataset.split`."""
    images: Annotated[int, Field(ge=1)] | Literal["all"] = "all"
    """Training images to evaluate on: all, or a fixed class-balanced subset of so many."""
    bn: Several[Literal["average", "recompute"]] = Field(default=("average", "recompute"), min_length=1)
    """Batch-norm policies on the path: running statistics averaged, or recomputed on training images."""
    bn_images: int = Field(default=10_000, ge=1)
    """Fixed un-augmented training images over which `recompute` accumulates."""
    masks: Literal["kept", "dropped"] = "kept"
    """`dropped`: pruned weights are what weight decay alone would have made of them, as in some released code."""
    through: StepField | None = None
    """Also compare the copies during training, at the multiples of this step."""
    threshold: float = Field(default=0.02, gt=0, json_schema_extra={"neutral": True})
    """Stable means a mean test instability below this."""


CARD = MeasureCard(
    name="stability",
    doc="instability and barriers on the straight path between copies",
    config=Stability,
    implementation="lmcspec.plan.measures.stability:targets",
    source="Frankle et al. 2020, Linear Mode Connectivity and the Lottery Ticket Hypothesis",
)
