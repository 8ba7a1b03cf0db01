"""The Hessian's diagonal."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import OfLevels


class HessianPlot(OfLevels):
    """How the entries of the Hessian's diagonal are distributed, and their numbers as a table."""

    plot: Literal["hessian"] = "hessian"


CARD = PlotCard(
    doc="distribution of the Hessian's diagonal, and its numbers as a table",
    config=HessianPlot,
    implementation="lmcspec.report.figures.curvature:hessian",
    measures=("hessian",),
)
