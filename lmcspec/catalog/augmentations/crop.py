"""Shifted images."""

from pydantic import Field

from lmcspec.catalog.card import AugmentationCard
from lmcspec.catalog.config import Config


class Crop(Config):
    """Images are padded and cut to their old size somewhere."""

    crop: int = Field(default=0, ge=0, examples=[4])
    """Pad by so many black pixels on each side and cut the old size somewhere. [pixels]"""


CARD = AugmentationCard(
    name="crop",
    doc="pad with black and cut the old size somewhere",
    config=Crop,
    implementation="lmcspec.science.data.augmentation.crop:drawn",
    on="stored",
    place=20,
)
