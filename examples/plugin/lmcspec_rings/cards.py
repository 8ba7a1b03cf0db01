"""The cards: names, settings and where the implementations are. Must not import torch: plans read it."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog import CriterionCard, DatasetCard, ModelCard, Named


class Rings(Named):
    """Rings of two sizes on a noisy ground, drawn by numbers: nothing to download."""

    name: Literal["rings"] = "rings"
    noise: int = Field(default=40, ge=0, le=120)
    """Largest brightness of the ground, of 255. [grey levels]"""


class Residual(Named):
    """One hidden layer, and `depth` residual layers of the same width."""

    name: Literal["residual-mlp"] = "residual-mlp"
    width: int = Field(default=32, ge=1)
    """Units of every layer but the last. [units]"""
    depth: int = Field(default=2, ge=1)
    """Residual layers. [layers]"""
    init: Literal["default"] = "default"
    """How weights start: as torch draws them."""


class Spread(Named):
    """|w| over the standard deviation of its tensor: layers of different scale are pruned alike."""

    name: Literal["spread"] = "spread"


CARDS = (
    DatasetCard(
        doc="small and large rings, 12x12 pixels",
        config=Rings,
        implementation="lmcspec_rings.data:load",
        facts="lmcspec_rings.data:facts",
        needs_root=False,
    ),
    ModelCard(
        doc="fully connected layers with skip connections",
        config=Residual,
        implementation="lmcspec_rings.model:build",
    ),
    CriterionCard(
        doc="magnitude relative to the layer",
        config=Spread,
        implementation="lmcspec_rings.criterion:scores",
    ),
)
