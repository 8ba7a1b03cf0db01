"""Curves along paths as a surface over k."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import Images, OfPaths, Panels
from lmcspec.catalog.metric import Along


class PathSurface(OfPaths):
    """The curves along paths as a surface over k."""

    plot: Literal["path-surface"] = "path-surface"
    split: Images | None = None
    metric: Along | None = None
    """`error` unless told."""
    panels: Panels | None = None


CARD = PlotCard(
    doc="error or loss along paths, as a surface over k",
    config=PathSurface,
    implementation="lmcspec.report.figures.surface:surface",
    measures=("stability",),
)
