"""Masks layer by layer."""

from typing import Literal

from lmcspec.catalog.card import PlotCard
from lmcspec.catalog.figure import OfLevels


class Layers(OfLevels):
    """What masks leave of each layer, or share there with another network's."""

    plot: Literal["layers"] = "layers"
    metric: Literal["density", "sparsity", "overlap", "overlap-of-either"] | None = None
    """Of a measure `masks` what is left or gone, of `overlap` also what both keep; the first unless told."""


def _misfit(figure: Layers, kinds: frozenset[str]) -> str:
    if figure.metric in ("overlap", "overlap-of-either") and "overlap" not in kinds:
        return "what masks have in common is measured by `overlap`, and of a mask alone there are density and sparsity"
    return ""


CARD = PlotCard(
    doc="what masks leave of each layer, or share there",
    config=Layers,
    implementation="lmcspec.report.figures.layers:layers",
    measures=("masks", "overlap"),
    misfit=_misfit,
)
