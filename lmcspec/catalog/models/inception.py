"""Inception-v3."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import ModelCard
from lmcspec.catalog.config import Named
from lmcspec.catalog.initial import Init, NormInit


class InceptionV3(Named):
    """torchvision's Inception-v3 with the names that its parameters have there; made for images of 299x299 pixels."""

    name: Literal["inception-v3"] = "inception-v3"
    auxiliary: bool = True
    """A second classifier halfway, in training only: 0.4 of its loss is added. Its weights are prunable."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Probability with which a feature is dropped before the last layer, in training; stream `dropout`. [share]"""
    init: Init = "kaiming-normal"
    """`default` is torch's own, U(±1/√fan_in); `kaiming-normal` draws weights from N(0, 2/fan_in)."""
    norm_init: NormInit = "ones"
    """Scale and shift of norms: (1, 0), (U[0, 1), 0), (1, 1), (U[-1, 1), 0)."""


def misfit(config: InceptionV3, shape: tuple[int, int, int]) -> str:
    """What is left after convolutions without padding has to fill the windows that come after them."""
    smallest = 299 if config.auxiliary else 75
    if min(shape[1:]) >= smallest:
        return ""
    more = "; without its auxiliary classifier (`auxiliary = false`) 75x75 are enough" if config.auxiliary else ""
    return f"Inception-v3 needs {smallest}x{smallest} pixels{more}"


CARD = ModelCard(
    doc="Inception-v3 for ImageNet, torchvision's",
    config=InceptionV3,
    implementation="lmcspec.science.models.inception:build",
    source="Szegedy et al. 2016; 27.1M parameters with the auxiliary classifier, 23.8M without",
    classifier="fc",
    misfit=misfit,
)
