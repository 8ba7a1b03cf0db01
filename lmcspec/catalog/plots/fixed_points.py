"""Units that two permutations send to the same place, over what a family of permutations varies in."""

from functools import partial
from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import CasePanels, OfLevels, Under, in_what_permutations_vary


class FixedPointsPlot(Under, OfLevels):
    """A panel for each family: the share of units that its members and another permutation send to the same place."""

    plot: Literal["fixed-points"] = "fixed-points"
    x: str | None = Field(default=None, examples=["step"])
    """The key of a permutation on x, by its path: `step` unless told."""
    groups: bool | None = None
    """Whether a line for each group of units stands beneath, as it does unless told."""
    panels: CasePanels | None = None
    shared: bool | None = None
    """Whether panels share their y axis, as they do unless told: `false` gives each its own."""


CARD = PlotCard(
    doc="units that permutations send to the same place, against the step at which networks are aligned",
    config=FixedPointsPlot,
    implementation="lmcspec.report.figures.fixed_points:over_steps",
    measures=("fixed-points",),
    on_y="fixed-points",
    varies_under=partial(in_what_permutations_vary, "step"),
    unasked="measured",
    place=8,
)
