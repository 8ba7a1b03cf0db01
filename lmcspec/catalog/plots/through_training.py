"""Instability on the way."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import OfPaths, Panels, Passed, Quantity, Spread


class ThroughTraining(Spread, OfPaths):
    """A line for each k: states of two copies after equally many updates, compared on their way."""

    plot: Literal["through-training"] = "through-training"
    x: Passed | None = None
    y: Quantity | None = None
    panels: Panels | None = None
    series: Literal["at"] | None = None


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
