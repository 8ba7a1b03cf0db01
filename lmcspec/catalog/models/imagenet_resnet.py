"""ResNets for images of 224x224 pixels."""

from typing import Literal

from lmcspec.catalog.card import ModelCard
from lmcspec.catalog.config import Named
from lmcspec.catalog.initial import Init, NormInit

SMALLEST = 32


class ImageNetResNet(Named):
    """torchvision's ResNet: 7x7 stem, max pooling, four stages, mean, linear layer. Names are torchvision's."""

    name: Literal["imagenet-resnet"] = "imagenet-resnet"
    depth: Literal[18, 34, 50, 101, 152]
    """Weight layers without the shortcuts'. From 50 on its blocks are bottlenecks. [layers]"""
    init: Init = "kaiming-normal"
    """`default` is torch's own, U(±1/√fan_in); `kaiming-normal` draws weights from N(0, 2/fan_in)."""
    norm_init: NormInit = "ones"
    """Scale and shift of norms: (1, 0), (U[0, 1), 0), (1, 1), (U[-1, 1), 0)."""


def misfit(config: ImageNetResNet, shape: tuple[int, int, int]) -> str:
    """Below 32 pixels strides of the last stages would act on a single one."""
    if min(shape[1:]) >= SMALLEST:
        return ""
    return (
        f"ResNet-{config.depth} for ImageNet halves images five times, so they need {SMALLEST}x{SMALLEST} pixels; "
        "resnet20 is for small ones"
    )


CARD = ModelCard(
    doc="ResNet for ImageNet, torchvision's",
    config=ImageNetResNet,
    implementation="lmcspec.science.models.imagenet_resnet:build",
    source="He et al. 2016, Table 1; stride in the 3x3 convolution of bottlenecks, as torchvision has it",
    variants={f"imagenet-resnet{depth}": {"depth": depth} for depth in (18, 34, 50, 101, 152)},
    classifier="fc",
    misfit=misfit,
)
