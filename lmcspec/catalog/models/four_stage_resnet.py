"""ResNets of four stages, from small images to ImageNet, as the distillation literature has them."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import ModelCard
from lmcspec.catalog.config import Named
from lmcspec.catalog.initial import Init, NormInit


class FourStageResNet(Named):
    """A stem, four stages of basic blocks with `width`, 2, 4 and 8 x `width` channels, mean, linear layer.

    The stem is a 3x3 convolution (`small`), the same with pooling to a half (`mid`), or a 7x7 one with stride 2 and
    pooling to a half (`large`).
    """

    name: Literal["four-stage-resnet"] = "four-stage-resnet"
    depth: Literal[10, 18]
    """Weight layers without the shortcuts': one or two blocks a stage. [layers]"""
    width: int = Field(default=64, ge=1, le=10_000)
    """Channels of the stem and the first stage; IDC's networks for CIFAR have 32. [channels]"""
    norm: Literal["instance", "batch", "layer", "group", "none"] = "batch"
    """After every convolution. `instance` is a group norm with one group per channel."""
    stem: Literal["auto", "small", "mid", "large"] = "auto"
    """By default `large` above 128 pixels, `mid` above 64, else `small`."""
    pooling: Literal["stride", "average"] = "stride"
    """`average`: what halves an image is average pooling behind a convolution of stride 1 (ResNetAP)."""
    init: Init = "kaiming-fan-out"
    """`default` is torch's own, U(±1/√fan_in); `kaiming-fan-out` draws convolutions from N(0, 2/fan_out)."""
    norm_init: NormInit = "ones"
    """Scale and shift of norms: (1, 0), (U[0, 1), 0), (1, 1), (U[-1, 1), 0)."""


def stem_of(config: FourStageResNet, shape: tuple[int, int, int]) -> str:
    """The stem for images of `shape` (channels, height, width): by their longer side where it isn't said."""
    if config.stem != "auto":
        return config.stem
    size = max(shape[1:])
    return "large" if size > 128 else "mid" if size > 64 else "small"


def misfit(config: FourStageResNet, shape: tuple[int, int, int]) -> str:
    """A pixel has to be left after every halving."""
    stem = stem_of(config, shape)
    smallest = 8 * {"small": 1, "mid": 2, "large": 4}[stem]
    if min(shape[1:]) >= smallest:
        return ""
    return f"with the stem {stem!r} images have to have {smallest}x{smallest} pixels; give a smaller stem"


CARD = ModelCard(
    doc="ResNet of four stages with a stem for the size of the images; ResNetAP with average pooling",
    config=FourStageResNet,
    implementation="lmcspec.science.models.four_stage_resnet:build",
    source="He et al. 2016, Table 1; the forms for smaller images and ResNetAP as in IDC (Kim et al. 2022)",
    variants={
        "resnet10": {"depth": 10},
        "resnet18": {"depth": 18},
        "resnet10-narrow": {"depth": 10, "width": 32},
        "resnet18-narrow": {"depth": 18, "width": 32},
        "resnetap10": {"depth": 10, "norm": "instance", "pooling": "average"},
        "dc-resnet18": {"depth": 18, "norm": "instance", "init": "default"},
    },
    misfit=misfit,
)
