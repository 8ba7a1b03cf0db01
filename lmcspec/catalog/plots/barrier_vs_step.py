"""Barriers of partners against the step at which they are aligned."""

from functools import partial
from typing import Literal

from pydantic import model_validator

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import OverPermutations, in_what_permutations_vary


class BarrierVsStep(OverPermutations):
    """A line for each family of permutations: the barrier of trained partners under its members, by their step."""

    plot: Literal["barrier-vs-step"] = "barrier-vs-step"
    when: Literal["end", "step"] | None = None
    """When partners are compared: at their `end` unless told, or each at the `step` at which they are aligned."""

    @model_validator(mode="after")
    def _over_steps(self) -> "BarrierVsStep":
        if self.when == "step" and self.x not in (None, "step"):
            raise ValueError('`when = "step"` is of the steps on x: leave out `x`')
        return self


CARD = PlotCard(
    doc="barriers between partners against the step at which they are aligned",
    config=BarrierVsStep,
    implementation="lmcspec.report.figures.over_permutations:over_steps",
    measures=("connectivity", "fixed-points"),
    on_y="barrier",
    on_the_way=lambda config: config.when == "step",
    varies_under=partial(in_what_permutations_vary, "step"),
    unasked="measured",
    place=7,
)
