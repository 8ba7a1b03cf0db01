"""Mirrored images."""

from lmcspec.catalog.card import AugmentationCard
from lmcspec.catalog.config import Config


class Flip(Config):
    """Images are mirrored left to right with probability 1/2."""

    flip: bool = False
    """Mirror left to right with probability 1/2."""


CARD = AugmentationCard(
    name="flip",
    doc="mirror left to right with probability 1/2",
    config=Flip,
    implementation="lmcspec.science.data.augmentation.flip:drawn",
    on="stored",
    place=30,
)
