"""ResNets for images of 32x32 pixels."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import ModelCard
from lmcspec.catalog.config import Named
from lmcspec.catalog.initial import Init, NormInit


class CifarResNet(Named):
    """3x3 stem, three stages of (depth - 2) / 6 blocks with `width`, 2 and 4 x `width` channels, mean, linear layer."""

    name: Literal["cifar-resnet"] = "cifar-resnet"
    depth: Literal[8, 14, 20, 26, 32, 38, 44, 50, 56, 62, 68, 74, 80, 86, 92, 98, 104, 110]
    """Weight layers without the shortcuts': 6n + 2 for n blocks a stage. [layers]"""
    width: int = Field(default=16, ge=1, le=10_000)
    """Channels of the stem and the first stage. [channels]"""
    norm: Literal["batch", "layer", "group", "none"] = "batch"
    """After every convolution. `layer` is over the channels of each pixel, `group` has 32 groups (as many as channels
    where there are fewer). Convolutions have a bias under `none` only, because a norm brings its own shift."""
    init: Init = "kaiming-normal"
    """`default` is torch's own, U(±1/√fan_in); `kaiming-normal` draws weights from N(0, 2/fan_in)."""
    norm_init: NormInit = "ones"
    """Scale and shift of norms: (1, 0), (U[0, 1), 0), (1, 1), (U[-1, 1), 0)."""


CARD = ModelCard(
    doc="ResNet of depth 6n + 2 for small images, 1x1 convolutions as shortcuts between stages",
    config=CifarResNet,
    implementation="lmcspec.science.models.resnet:build",
    source="He et al. 2016, section 4.2, with shortcuts of option B as in OpenLTH",
    variants={f"resnet{depth}": {"depth": depth} for depth in (20, 32, 44, 56, 110)},
)
