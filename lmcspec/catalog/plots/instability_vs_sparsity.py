"""Instability against sparsity."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import ByNetwork, Density, OfPaths, Spread


class InstabilityVsSparsity(Spread, OfPaths):
    """A panel for each k, a line for each network: instability against the weights that remain."""

    plot: Literal["instability-vs-sparsity"] = "instability-vs-sparsity"
    x: Density | None = None
    panels: Literal["at", "case", "network"] | None = None
    """What has a panel each: steps k, cases of the sweep, or networks."""
    series: ByNetwork | None = None


CARD = PlotCard(
    doc="instability against the weights that remain",
    config=InstabilityVsSparsity,
    implementation="lmcspec.report.figures.by_sparsity:instability",
    measures=("stability",),
    on_y="instability",
    unasked="measured",
    place=2,
)
