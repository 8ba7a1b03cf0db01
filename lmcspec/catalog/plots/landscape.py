"""The landscape around trained networks."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import OfPaths, Under


class LandscapePlot(Under, OfPaths):
    """Loss or error in the plane through trained networks."""

    plot: Literal["landscape"] = "landscape"
    split: Literal["train", "test", "validation"] | None = None
    metric: Literal["loss", "error"] | None = None
    panels: Literal["case"] | None = None


CARD = PlotCard(
    doc="loss or error in the plane through trained networks",
    config=LandscapePlot,
    implementation="lmcspec.report.figures.landscape:landscape",
    measures=("landscape",),
)
