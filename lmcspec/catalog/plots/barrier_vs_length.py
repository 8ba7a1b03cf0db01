"""Barriers and fixed points against the length of paths through several networks."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.config import Several
from lmcspec.catalog.figure import Images, Mistake, OfLevels, Under

Row = Literal["barrier", "cycle", "fixed-points"]


def _form(value: Any) -> str:
    return "one" if isinstance(value, str) else "list"


class BarrierVsLength(Under, OfLevels):
    """The barrier between the ends of paths under composed permutations, by how many networks they visit."""

    plot: Literal["barrier-vs-length"] = "barrier-vs-length"
    y: Annotated[
        Annotated[Row, Tag("one")] | Annotated[Several[Row], Field(min_length=1), Tag("list")], Discriminator(_form)
    ] = Field(default=("barrier", "fixed-points"), examples=["barrier", ["barrier", "cycle"]])
    """`barrier` of the ends, `cycle`: that of a network and itself once around, `fixed-points` beside chance."""
    split: Images | None = None
    metric: Mistake | None = None
    """In what barriers are taken: `error` unless told, or the cross-entropy."""


CARD = PlotCard(
    doc="barriers and fixed points under permutations composed along paths, against the paths' length",
    config=BarrierVsLength,
    implementation="lmcspec.report.figures.path_lengths:over_lengths",
    measures=("transitivity",),
    unasked="measured",
    place=7,
)
