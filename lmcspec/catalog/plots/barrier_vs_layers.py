"""Barriers of partners that are aligned with some layers from an earlier step."""

from functools import partial
from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import OverPermutations, in_what_permutations_vary


class BarrierVsLayers(OverPermutations):
    """A line for each earlier step, a panel for each way to choose layers: the barrier under such permutations."""

    plot: Literal["barrier-vs-layers"] = "barrier-vs-layers"


CARD = PlotCard(
    doc="barriers between partners aligned with some of their layers from an earlier step",
    config=BarrierVsLayers,
    implementation="lmcspec.report.figures.over_permutations:over_layers",
    measures=("connectivity", "fixed-points"),
    on_y="barrier",
    varies_under=partial(in_what_permutations_vary, "rewind_layers.layers"),
    unasked="measured",
    place=7,
)
