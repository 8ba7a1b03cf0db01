"""Accuracy of the trained networks."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import NEUTRAL, Several, StepField
from lmcspec.catalog.levels import LevelMeasure, Levels


def _form(value: Any) -> str:
    return "steps" if isinstance(value, list | tuple) else "step"


StepOrSteps = Annotated[
    Annotated[StepField, Tag("step")] | Annotated[Several[StepField], Field(min_length=1), Tag("steps")],
    Discriminator(_form),
]
"""A step whose multiples are meant, or the steps themselves."""


class Accuracy(LevelMeasure):
    """Accuracy after the last update, on clean images."""

    kind: Literal["accuracy"] = "accuracy"
    levels: Levels = "all"
    copies: int = Field(default=1, ge=1)
    """Data orders to average over; 1 is the level's own training."""
    through: StepOrSteps | None = None
    """Also on the way: from where each level begins at the multiples of this step, or at the steps of a list."""
    split: Literal["test", "validation", "train"] = Field(default="test", json_schema_extra=NEUTRAL)
    """The images that tables and verdicts go by; all splits are kept. `validation` needs a `dataset.split`."""


CARD = MeasureCard(
    name="accuracy",
    doc="accuracy after the last update, train and test",
    config=Accuracy,
    implementation="lmcspec.plan.measures.accuracy:targets",
)
