"""Accuracy against sparsity."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import Density, OfLevels, Panels, Spread


def _best_over(text: str) -> str:
    word, _, axis = text.partition(":")
    if word != "best-over" or not axis:
        raise ValueError('it is `best-over:` and a key in which a family varies, such as "best-over:rewind"')
    return text


class AccuracyVsSparsity(Spread, OfLevels):
    """A line for each network: accuracy against the weights that remain; the dense network is a grey line."""

    plot: Literal["accuracy-vs-sparsity"] = "accuracy-vs-sparsity"
    x: Density | None = None
    panels: Panels | None = None
    series: Literal["network", "case"] | None = None
    """`case`: a line for each case of the sweep."""
    reduce: Annotated[str, AfterValidator(_best_over)] | None = Field(default=None, examples=["best-over:rewind"])
    """`best-over:rewind`: of a family the member with the best validation accuracy at each level."""
    baseline: str | None = Field(default=None, examples=["imp"])
    """The network whose dense level the grey line is of, where they differ."""


def _chosen_over(figure: AccuracyVsSparsity) -> dict[str, str]:
    return {"reduce": figure.reduce.partition(":")[2]} if figure.reduce else {}


CARD = PlotCard(
    doc="accuracy against the weights that remain",
    config=AccuracyVsSparsity,
    implementation="lmcspec.report.figures.by_sparsity:accuracy",
    measures=("accuracy",),
    on_y="accuracy",
    varies=_chosen_over,
    unasked="measured",
    place=0,
)
