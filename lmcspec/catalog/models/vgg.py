"""VGGs for images of 32x32 pixels."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import ModelCard
from lmcspec.catalog.config import Named
from lmcspec.catalog.initial import Init, NormInit

SMALLEST = 32


class CifarVgg(Named):
    """3x3 convolutions (with bias), norm, ReLU in five stages, halved by pooling after each; then one linear layer."""

    name: Literal["cifar-vgg"] = "cifar-vgg"
    depth: Literal[11, 13, 16, 19]
    """Which VGG; of its three linear layers there is one, so that VGG-16 has 14 weight layers. [layers]"""
    width: int = Field(default=64, ge=1, le=10_000)
    """Channels of the first stage; the others have 2, 4, 8 and 8 times as many. [channels]"""
    norm: Literal["batch", "layer", "group", "none"] = "batch"
    """After every convolution. `layer` is over the channels of each pixel, `group` has 32 groups (as many as channels
    where there are fewer)."""
    init: Init = "kaiming-normal"
    """`default` is torch's own, U(±1/√fan_in); `kaiming-normal` draws weights from N(0, 2/fan_in)."""
    norm_init: NormInit = "ones"
    """Scale and shift of norms: (1, 0), (U[0, 1), 0), (1, 1), (U[-1, 1), 0)."""


def misfit(config: CifarVgg, shape: tuple[int, int, int]) -> str:
    """Five halvings have to leave one pixel."""
    if min(shape[1:]) >= SMALLEST:
        return ""
    return f"VGG-{config.depth} halves images five times, so they need {SMALLEST}x{SMALLEST} pixels"


CARD = ModelCard(
    doc="VGG for small images: one linear layer, average pooling at the end",
    config=CifarVgg,
    implementation="lmcspec.science.models.vgg:build",
    source="Simonyan & Zisserman 2015, as in OpenLTH",
    variants={f"vgg{depth}": {"depth": depth} for depth in (11, 13, 16, 19)},
    misfit=misfit,
)
