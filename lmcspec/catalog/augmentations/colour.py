"""Changed colours."""

from pydantic import Field

from lmcspec.catalog.card import AugmentationCard
from lmcspec.catalog.config import ADDED_LATER, Config


class Colour(Config):
    """Brightness, contrast and saturation of images change, and the light that they are seen in."""

    jitter: float = Field(default=0.0, ge=0, le=1, json_schema_extra=ADDED_LATER, examples=[0.4])
    """Brightness, contrast and saturation of each image change by up to this share, in an order of its own. [share]"""
    lighting: float = Field(default=0.0, ge=0, json_schema_extra=ADDED_LATER, examples=[0.1])
    """Each image gets N(0, lighting) times each principal component of ImageNet's pixels. [standard deviation]"""


CARD = AugmentationCard(
    name="colour",
    doc="jitter of brightness, contrast and saturation, and lighting",
    config=Colour,
    implementation="lmcspec.science.data.augmentation.colour:drawn",
    on="decoded",
    place=40,
)
