"""Barriers of partners against how much is pruned before they are aligned."""

from functools import partial
from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import OverPermutations, in_what_permutations_vary


class BarrierVsFraction(OverPermutations):
    """A line for each step, a panel for each criterion: the barrier under permutations of pruned networks."""

    plot: Literal["barrier-vs-fraction"] = "barrier-vs-fraction"


CARD = PlotCard(
    doc="barriers between partners against the share of weights pruned before they are aligned",
    config=BarrierVsFraction,
    implementation="lmcspec.report.figures.over_permutations:over_fractions",
    measures=("connectivity", "fixed-points"),
    on_y="barrier",
    varies_under=partial(in_what_permutations_vary, "prune.fraction"),
    unasked="measured",
    place=7,
)
