"""Barriers of partners on their way."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import ByPermutation, OfLevels, OfPartners, Panels, Passed, Spread, Under


class BarrierVsTime(Under, Spread, OfLevels):
    """A line for each permutation: the barrier between partners after equally many updates."""

    plot: Literal["barrier-vs-time"] = "barrier-vs-time"
    x: Passed | None = None
    y: OfPartners | None = None
    panels: Panels | None = None
    series: ByPermutation | None = None


CARD = PlotCard(
    doc="barriers between partners on their way through training, under each permutation",
    config=BarrierVsTime,
    implementation="lmcspec.report.figures.barriers:over_time",
    measures=("connectivity",),
    on_y="barrier",
    on_the_way=lambda config: True,
    unasked="followed",
    place=6,
)
