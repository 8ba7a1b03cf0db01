"""AlexNet for images of 32x32 pixels."""

from typing import Literal

from lmcspec.catalog.card import ModelCard
from lmcspec.catalog.config import Named
from lmcspec.catalog.initial import Init

SMALLEST = 8


class AlexNet(Named):
    """Five convolutions with bias and ReLU, 2x2 max pooling after the first, second and last; one linear layer."""

    name: Literal["alexnet"] = "alexnet"
    init: Init = "default"
    """`default` is torch's own, U(±1/√fan_in); `kaiming-normal` draws weights from N(0, 2/fan_in)."""


def misfit(config: AlexNet, shape: tuple[int, int, int]) -> str:
    """Pooling has to leave a pixel."""
    if min(shape[1:]) >= SMALLEST:
        return ""
    return f"AlexNet halves images three times, so they need {SMALLEST}x{SMALLEST} pixels"


CARD = ModelCard(
    doc="AlexNet for small images, without norms or dropout",
    config=AlexNet,
    implementation="lmcspec.science.models.alexnet:build",
    source="Krizhevsky et al. 2012, in the form of DC, DSA, DM, MTT and the code of distilled pruning",
    misfit=misfit,
)
