"""Distance of copies against the step at which they part."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import ByNetwork, OfPaths, Panels, Quantities, Spread, along_rewinds


class DistanceVsStep(Spread, OfPaths):
    """A line for each network: how far its copies end from each other against the step k at which they part."""

    plot: Literal["distance-vs-step"] = "distance-vs-step"
    x: Literal["at", "rewind"] | None = None
    """`rewind`: each member of a family at its own rewind point."""
    y: Quantities | None = None
    """`distance` unless told; of several one stands above the other."""
    panels: Panels | None = None
    series: ByNetwork | None = None
    baseline: str | None = Field(default=None, examples=["imp"])
    """The network whose dense level the grey line is of, where accuracies are drawn."""


CARD = PlotCard(
    doc="distance of copies against the step at which they part",
    config=DistanceVsStep,
    implementation="lmcspec.report.figures.by_step:distance",
    measures=("distance", "stability"),
    on_y="distance",
    varies=along_rewinds,
    unasked="measured",
    place=6,
)
