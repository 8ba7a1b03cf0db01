"""What a spec says about a figure, in one form for all plots: the keys that a plot doesn't take say nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from lmcspec.base.steps import Step
from lmcspec.catalog import PlotCard, get
from lmcspec.catalog.figure import Figure


@dataclass(frozen=True, slots=True)
class Options:
    """The keys of a figure's table: see `lmcspec/catalog/figure.py` and the card of each plot."""

    plot: str = ""
    networks: tuple[str, ...] | None = None
    x: str | None = None
    y: str | tuple[str, ...] | None = None
    series: str | None = None
    panels: str | None = None
    split: str | None = None
    metric: str | None = None
    levels: Sequence[int | str] | str | None = None
    reduce: str | None = None
    baseline: str | None = None
    size: str | None = None
    measure: str | None = None
    at: Step | str | None = None
    under: tuple[str, ...] | None = None
    band: str | None = None
    shared: bool | None = None
    table: Figure | None = None
    """The table itself, for a plot that has keys of its own."""

    @property
    def shows_cases(self) -> bool:
        """Whether its panels or its lines are the cases of a sweep."""
        return "case" in (self.panels, self.series)

    @property
    def unasked(self) -> bool:
        """Whether no study asks for the figure: then it has no table."""
        return self.table is None


KEYS = tuple(option.name for option in fields(Options) if option.name != "table")


def options_of(figure: Figure) -> Options:
    """The options that a figure's table says; None for keys that its plot doesn't take."""
    settings = {key: getattr(figure, key) for key in KEYS if key in type(figure).model_fields}
    return Options(**settings, table=figure)


def figure_of(table: Mapping[str, Any]) -> Figure:
    """The figure that a table says. Raises UsageError where there is no such plot, ValidationError for its keys."""
    card = get("plot", str(table.get("plot", "")))
    assert isinstance(card, PlotCard)
    return card.config.model_validate(table)


class UndrawableError(Exception):
    """Why a figure can't be drawn, for people."""
