"""Layers level by level."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import Density, OfLevels


class LayersVsLevel(OfLevels):
    """A panel for each network, a line for each layer: what masks leave of it, level after level."""

    plot: Literal["layers-vs-level"] = "layers-vs-level"
    x: Literal["level"] | Density | None = None
    """`level` unless told; else the share of all weights that is left or gone."""
    metric: Density | None = None
    """What is left of a layer unless told; else what is gone."""
    shared: bool | None = None
    """Whether panels share their y axis, as they do unless told."""


CARD = PlotCard(
    doc="what masks leave of each layer, level after level",
    config=LayersVsLevel,
    implementation="lmcspec.report.figures.layers_by_level:densities",
    measures=("masks", "overlap"),
)
