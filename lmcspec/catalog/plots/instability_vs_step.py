"""Instability against the step at which copies part."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import OfPaths, Panels, Quantities, Spread, along_rewinds


class InstabilityVsStep(Spread, OfPaths):
    """A line for each network: what is known of its copies against the step k at which they part."""

    plot: Literal["instability-vs-step"] = "instability-vs-step"
    x: Literal["at", "rewind"] | None = None
    """`rewind`: each member of a family at its own rewind point."""
    y: Quantities | None = None
    """`instability` unless told; of several one stands above the other."""
    panels: Panels | None = None
    series: Literal["network", "split"] | None = None
    """`split`: lines for training and test images."""
    baseline: str | None = Field(default=None, examples=["imp"])
    """The network whose dense level the grey line is of, where accuracies are drawn."""


CARD = PlotCard(
    doc="instability against the step at which copies part",
    config=InstabilityVsStep,
    implementation="lmcspec.report.figures.by_step:instability",
    measures=("stability",),
    on_y="instability",
    varies=along_rewinds,
    unasked="several k",
    place=3,
)
