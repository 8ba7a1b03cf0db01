"""Barriers of children against the step at which they part from their parents."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import ByPermutation, OfLevels, OfPartners, Panels, Spread, Under


class BarrierVsBranch(Under, Spread, OfLevels):
    """A line for each permutation, and one for copies of one network: the barrier between ends that part at step k."""

    plot: Literal["barrier-vs-branch"] = "barrier-vs-branch"
    y: OfPartners | None = None
    panels: Panels | None = None
    series: ByPermutation | None = None


CARD = PlotCard(
    doc="barriers between children of partners, and between copies, against the step at which they part",
    config=BarrierVsBranch,
    implementation="lmcspec.report.figures.children:over_branches",
    measures=("connectivity",),
    on_y="barrier",
    of_children=True,
    unasked="several k",
    place=6,
)
