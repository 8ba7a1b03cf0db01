"""Two-dimensional landscapes of the loss around trained networks."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Config, Several, StepOrRewind
from lmcspec.catalog.levels import LevelMeasure, Levels
from lmcspec.catalog.metric import NUMBER, POINTS, SPLITS, Metric, Metrics


class Anchor(Config):
    """A trained network that is no copy of the one that is measured, of the same replicate."""

    network: str
    level: Annotated[int, Field(ge=0)] | Literal["same"] = "same"
    copy_: int = Field(default=0, ge=0, alias="copy")
    """Which data order it was trained under, from its own rewind point."""


def _form(value: Any) -> str:
    return "other" if isinstance(value, dict | Anchor) else "copy"


AnyAnchor = Annotated[
    Annotated[Annotated[int, Field(ge=0)], Tag("copy")] | Annotated[Anchor, Tag("other")], Discriminator(_form)
]
"""The number of a copy, or another network."""


class Landscape(LevelMeasure):
    """Loss and error in the plane through three trained networks; further ones are projected, with how far they are."""

    kind: Literal["landscape"] = "landscape"
    levels: Levels
    at: Several[StepOrRewind] = ("rewind",)
    """The steps k at which the copies part; `rewind` is the level's own starting point."""
    copies: int = Field(default=4, ge=1)
    """Data orders. Those of a stability measure are the same trainings."""
    anchors: Several[AnyAnchor] = Field(default=(0, 1, 2), min_length=3, max_length=3)
    """The plane goes through these: numbers of copies, or `{ network = "imp" }`. All other copies are projected."""
    grid: int = Field(default=100, ge=2, le=1000)
    """Points on each side."""
    margin: float = Field(default=0.3, ge=0)
    """How far the square reaches beyond what lies in it, as a share of its side without."""
    split: Several[Literal["train", "test", "validation"]] = Field(default=("train",), min_length=1)
    images: Annotated[int, Field(ge=1)] | Literal["all"] = "all"
    """Training images to evaluate on, the same at every point, balanced over the classes."""
    bn: Literal["average", "recompute"] = "average"
    """What is done with batch norm's running statistics: mixed as weights are, or taken anew at every point."""
    bn_images: int = Field(default=10_000, ge=1)
    plane: Literal["orthonormal", "as-released"] = "orthonormal"
    """`as-released`: M + x (a - b) / 2 + y (d - c) / 2, -2 <= x, y <= 2, of four copies, as the papers' code has it."""
    masks: Literal["kept", "dropped"] = "kept"
    """`dropped`: pruned weights are what weight decay alone would have made of them, as in the papers' code."""

    @model_validator(mode="after")
    def _anchors_are_there(self) -> "Landscape":
        numbers = [anchor for anchor in self.anchors if isinstance(anchor, int)]
        if beyond := [number for number in numbers if number >= self.copies]:
            raise ValueError(f"there is no copy {beyond[0]} among {self.copies}: they are numbered from 0")
        if len(set(numbers)) < len(numbers):
            raise ValueError("the anchors of a plane are three different networks")
        if self.plane == "as-released" and (self.anchors != (0, 1, 2) or self.copies != 4):
            raise ValueError("the plane as released is one of four copies")
        if self.masks == "dropped" and len(numbers) < len(self.anchors):
            raise ValueError("masks can be dropped where all anchors are copies, which have one mask")
        return self


def _centre(split: str, mistake: Literal["error", "loss"]) -> Metric:
    images = split if mistake == "error" else f"{split}-loss"
    return Metric(
        name=f"centre/{images}",
        measure="landscape",
        quantity="centre",
        unit=POINTS if mistake == "error" else NUMBER,
        split=split,
        mistake=mistake,
        chart=(f"centre {images}",),
    )


CARD = MeasureCard(
    doc="loss and error in the plane through three trained networks",
    config=Landscape,
    implementation="lmcspec.plan.measures.landscape:targets",
    source="McDermott & Cummings 2023",
    metrics=Metrics(
        (
            *(_centre(split, mistake) for split in SPLITS for mistake in ("error", "loss")),
            Metric(name="residual", measure="landscape", quantity="residual", chart=("residual",)),
        )
    ),
    headline="centre/train-loss",
)
