"""Results as a table."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import OfLevels


class Table(OfLevels):
    """Results as a table."""

    plot: Literal["table"] = "table"


CARD = PlotCard(
    doc="results as a table",
    config=Table,
    implementation="lmcspec.report.figures.tables:table",
    measures=(),
)
