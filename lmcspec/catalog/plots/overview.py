"""Networks against a baseline."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import OfPaths

Ratio = Literal["barrier-ratio", "accuracy-ratio"]


class Overview(OfPaths):
    """Every network against a baseline at the same level: ratios of barriers and of accuracies."""

    plot: Literal["overview"] = "overview"
    x: Ratio | None = None
    """What is on x, of each network over the baseline: its barrier, or its accuracy; the barrier unless told."""
    y: Ratio | None = None
    """What is on y, in the same way: the other of the two unless told."""
    series: Literal["case", "network"] | None = None
    """What colours tell apart."""
    size: Literal["compression", "sparsity"] | None = None
    """What markers grow with."""
    baseline: str = Field(examples=["imp"])
    """The network with which the others are compared."""


CARD = PlotCard(
    doc="ratios of barriers and accuracies to those of a baseline",
    config=Overview,
    implementation="lmcspec.report.figures.overview:overview",
    measures=("accuracy", "stability"),
    of_each=True,
    across="always",
)
