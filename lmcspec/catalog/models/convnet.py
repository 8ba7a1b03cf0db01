"""ConvNet-D, the network of the distillation literature."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import ModelCard
from lmcspec.catalog.config import ADDED_LATER, Named
from lmcspec.catalog.initial import Init, NormInit


class ConvNet(Named):
    """`depth` blocks of 3x3 convolution (with bias), norm, ReLU and 2x2 average pooling; then one linear layer."""

    name: Literal["convnet"] = "convnet"
    depth: int = Field(ge=1, le=8, examples=[3])
    """Blocks; each halves the image. [blocks]"""
    width: int = Field(default=128, ge=1, le=10_000)
    """Channels of every block. [channels]"""
    norm: Literal["instance", "batch", "layer", "group", "none"] = "instance"
    """`instance` and `layer` are group norms with one group per channel and one group; `group` has 32 groups."""
    init: Init = "default"
    """`default` is torch's own, U(±1/√fan_in); `kaiming-normal` draws weights from N(0, 2/fan_in)."""
    norm_init: NormInit = Field(default="ones", json_schema_extra=ADDED_LATER)
    """Scale and shift of norms: (1, 0), (U[0, 1), 0), (1, 1), (U[-1, 1), 0)."""


PADDED = (1, 28, 28)
"""Images that the first convolution pads to 32x32, as in the papers' code."""


def misfit(config: ConvNet, shape: tuple[int, int, int]) -> str:
    """Pooling has to leave a pixel."""
    height, width = (32, 32) if shape == PADDED else shape[1:]
    deepest = min(height, width).bit_length() - 1
    if config.depth <= deepest:
        return ""
    smallest = 2**config.depth
    return (
        f"{config.depth} blocks halve images so often, so they need {smallest}x{smallest} pixels; "
        f"depth can be {deepest} at most for {height}x{width}"
    )


CARD = ModelCard(
    doc="ConvNet-D: convolution, norm, ReLU, average pooling, D times",
    config=ConvNet,
    implementation="lmcspec.science.models.convnet:build",
    source="Gidaris & Komodakis 2018; settings as in DC, DSA, DM, MTT and IDC",
    misfit=misfit,
    variants={f"convnet{depth}": {"depth": depth} for depth in (2, 3, 4, 5)},
)
