"""Barriers of partners against sparsity."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import ByPermutation, Density, OfLevels, OfPartners, Panels, Spread, Under


class BarrierVsLevel(Under, Spread, OfLevels):
    """A panel for each network, a line for each permutation: the barrier between partners, level by level."""

    plot: Literal["barrier-vs-level"] = "barrier-vs-level"
    x: Density | None = None
    y: OfPartners | None = None
    panels: Panels | None = None
    series: ByPermutation | None = None


CARD = PlotCard(
    doc="barriers between partners against the weights that remain, under each permutation",
    config=BarrierVsLevel,
    implementation="lmcspec.report.figures.barriers:over_levels",
    measures=("connectivity",),
    on_y="barrier",
    unasked="several levels",
    place=7,
)
