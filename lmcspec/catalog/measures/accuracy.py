"""Accuracy of the trained networks."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import NEUTRAL, Several, StepField
from lmcspec.catalog.levels import LevelMeasure, Levels
from lmcspec.catalog.metric import NUMBER, PERCENT, SPLITS, Metric, Metrics


def _form(value: Any) -> str:
    return "steps" if isinstance(value, list | tuple) else "step"


StepOrSteps = Annotated[
    Annotated[StepField, Tag("step")] | Annotated[Several[StepField], Field(min_length=1), Tag("steps")],
    Discriminator(_form),
    Field(examples=["2ep", [0, "500it", "3ep"]]),
]
"""A step whose multiples are meant, or the steps themselves. [a step such as "3ep" or "500it"]"""


class Accuracy(LevelMeasure):
    """Accuracy after the last update, on clean images."""

    kind: Literal["accuracy"] = "accuracy"
    levels: Levels = "all"
    copies: int = Field(default=1, ge=1)
    """Data orders to average over; 1 is the level's own training. [data orders]"""
    through: StepOrSteps | None = None
    """Also on the way: from where each level begins at the multiples of this step, or at the steps of a list."""
    split: Literal["test", "validation", "train"] = Field(default="test", json_schema_extra=NEUTRAL)
    """The images that tables and verdicts go by; all splits are kept. `validation` needs a `dataset.split`."""


def metrics(measure: str, section: str | None = None) -> Metrics:
    """Accuracy and loss of a training's own evaluation, on every split."""
    return Metrics(
        tuple(
            Metric(
                name=f"{split}/{what}",
                measure=measure,
                quantity=what,
                unit=PERCENT if what == "accuracy" else NUMBER,
                split=split,
                section=section,
                chart=(f"{split} {what}",),
                rank=0 if (split, what) == ("test", "accuracy") else 2,
                final=section is not None and (split, what) == ("test", "accuracy"),
            )
            for split in SPLITS
            for what in ("accuracy", "loss")
        )
    )


def read(scalars: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The numbers of a training's own evaluation."""
    for split in SPLITS:
        if f"{split}_error" in scalars:
            yield f"{split}/accuracy", 1 - scalars[f"{split}_error"]
            yield f"{split}/loss", scalars[f"{split}_loss"]


def headline(params: Any, split: str) -> str:
    """The name of the accuracy on the images that the measure goes by."""
    return f"{split}/accuracy"


CARD = MeasureCard(
    doc="accuracy after the last update, train and test",
    config=Accuracy,
    implementation="lmcspec.plan.measures.accuracy:targets",
    metrics=metrics("accuracy", section=""),
    read=read,
    headline=headline,
    quantities=("accuracy", "loss"),
)
