"""Accuracy on the way."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import ByNetwork, OfLevels, Panels, Passed, Spread


class AccuracyThroughTraining(Spread, OfLevels):
    """A line for each network and level: accuracy on its way, from its rewind point to its end."""

    plot: Literal["accuracy-through-training"] = "accuracy-through-training"
    x: Passed | None = None
    panels: Panels | None = None
    series: ByNetwork | None = None


CARD = PlotCard(
    doc="accuracy on the way through training",
    config=AccuracyThroughTraining,
    implementation="lmcspec.report.figures.accuracy_through:accuracy",
    measures=("accuracy",),
    on_y="accuracy",
    on_the_way=lambda config: True,
    unasked="followed",
    place=1,
)
