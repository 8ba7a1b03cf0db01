"""Barriers of partners against the width of their model, or against another setting of a sweep."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import OfLevels, Quantities, Spread, Under


class BarrierVsWidth(Under, Spread, OfLevels):
    """A line for each permutation: the barrier between partners, case by case of a sweep."""

    plot: Literal["barrier-vs-width"] = "barrier-vs-width"
    x: str | None = Field(default=None, examples=["model.width", "recipes.real.optimiser.lr"])
    """The setting in which cases differ, by its path: the model's width unless told."""
    y: Quantities | None = None
    """`barrier` unless told; of several one stands above the other. `fixed-points` has the line of chance."""
    series: Literal["under", "case"] | None = None
    """`case`: what else cases differ in is told by lines, and not by panels."""


CARD = PlotCard(
    doc="barriers or fixed points of partners against the width of the model, or what cases differ in",
    config=BarrierVsWidth,
    implementation="lmcspec.report.figures.over_cases:over_cases",
    measures=("connectivity", "fixed-points"),
    on_y="barrier",
    along_cases=True,
    across="always",
    unasked="measured",
    place=5,
)
