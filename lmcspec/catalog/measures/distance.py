"""Distances between copies and from where they started."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from lmcspec.base import spread
from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.config import Several, StepField, StepOrRewind
from lmcspec.catalog.levels import LevelMeasure, Levels
from lmcspec.catalog.metric import Metric, Metrics


class Distance(LevelMeasure):
    """Train copies from the state at k under different data orders, and measure how far apart they end."""

    kind: Literal["distance"] = "distance"
    levels: Levels
    at: Several[StepOrRewind] = Field(default=("rewind",), examples=[[0, "500it", "rewind"]])
    """The steps k at which the copies part; `rewind` is the level's own starting point."""
    copies: int = Field(default=2, ge=2)
    """Data orders; all their pairs are compared. Those of a stability measure are the same trainings. [data orders]"""
    through: StepField | None = Field(default=None, examples=["1ep"])
    """Also compare the copies during training, at the multiples of this step."""


def sides(measure: str, *, charted: bool) -> tuple[Metric, ...]:
    """The metrics of the triangle of a start and two ends. Of the angle, which has no length, there is no chart."""
    words = {
        "distance": "L2 distance of the two ends",
        "from-start": "L2 distance from the start",
        "angle": "angle between their ways (degrees)",
    }
    return tuple(
        Metric(
            name=name,
            measure=measure,
            quantity=name,
            said=said,
            section="lmc",
            chart=(name,) if charted and name == "distance" else (),
        )
        for name, said in words.items()
    )


def read(scalars: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The sides and the angle; what the ways have in length is their mean."""
    if "distance" in scalars:
        yield "distance", scalars["distance"]
    if "angle" in scalars:
        yield "from-start", spread.mean(scalars["from-start"])
        yield "angle", scalars["angle"]


CARD = MeasureCard(
    doc="L2 distance of copies, of each from their common start, and the angle between their ways",
    config=Distance,
    implementation="lmcspec.plan.measures.distance:targets",
    source="Frankle et al. 2020, appendices D and E",
    metrics=Metrics(sides("distance", charted=True)),
    read=read,
    headline="distance",
    quantities=tuple(metric.quantity for metric in sides("distance", charted=True)),
    from_k=True,
)
