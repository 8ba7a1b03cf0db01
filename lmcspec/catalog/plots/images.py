"""The images of distilled sets."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import CasePanels, Figure


class Images(Figure):
    """The images of the distilled sets that the study makes."""

    plot: Literal["images"] = "images"
    panels: CasePanels | None = None


CARD = PlotCard(
    doc="the images of the distilled sets that the study makes",
    config=Images,
    implementation="lmcspec.report.figures.images:images",
    measures=(),
    made_sets=True,
)
