"""The landscape around trained networks."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import CasePanels, Images, Mistake, OfPaths, Under


class LandscapePlot(Under, OfPaths):
    """Loss or error in the plane through trained networks."""

    plot: Literal["landscape"] = "landscape"
    split: Images | None = None
    metric: Mistake | None = None
    """What is drawn over the plane: the cross-entropy unless told, or the share of images that are told wrong."""
    panels: CasePanels | None = None


CARD = PlotCard(
    doc="loss or error in the plane through trained networks",
    config=LandscapePlot,
    implementation="lmcspec.report.figures.landscape:landscape",
    measures=("landscape",),
)
