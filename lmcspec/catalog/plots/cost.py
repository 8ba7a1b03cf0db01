"""What networks cost."""

from typing import Literal

from pydantic import model_validator

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import Density, Figure, Levels, Panels


class Cost(Figure):
    """What networks cost as bars; with `x` what finding their masks costs, against sparsity."""

    plot: Literal["cost"] = "cost"
    x: Density | None = None
    """Draw what finding each level's mask takes, against this."""
    levels: Levels | None = None
    panels: Panels | None = None
    shared: bool | None = None
    """Whether panels share their y axis, as they do unless told."""

    @model_validator(mode="after")
    def _of_masks(self) -> "Cost":
        said = [key for key in ("levels", "panels", "shared") if getattr(self, key) is not None]
        if self.x is None and said:
            raise ValueError(f'`{said[0]}` is of masks: say `x = "sparsity"` with it')
        return self


CARD = PlotCard(
    doc="what networks cost, or what finding their masks costs",
    config=Cost,
    implementation="lmcspec.report.figures.costs:cost",
    measures=(),
    of_masks=lambda config: config.x is not None,
    unasked="always",
    place=7,
)
