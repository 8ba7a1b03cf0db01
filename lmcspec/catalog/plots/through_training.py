"""Instability on the way."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import OfPaths, Panels, Passed, Quantity, Spread


class ThroughTraining(Spread, OfPaths):
    """A line for each k: states of two copies after equally many updates, compared on their way."""

    plot: Literal["through-training"] = "through-training"
    x: Passed | None = None
    y: Quantity | None = Field(default=None, examples=["distance"])
    """What is on y, in the words of the measure; `instability` unless told."""
    panels: Panels | None = None
    series: Literal["at"] | None = None
    """`at`, which it is anyway: a line for each k."""


CARD = PlotCard(
    doc="instability of copies on their way through training",
    config=ThroughTraining,
    implementation="lmcspec.report.figures.through:training",
    measures=("stability",),
    on_y="instability",
    on_the_way=lambda config: True,
    unasked="followed",
    place=5,
)
