"""Parts of images, brought to one size."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from lmcspec.catalog.card import AugmentationCard
from lmcspec.catalog.config import ADDED_LATER, Config, Several


class ResizedCrop(Config):
    """A random part of each image, brought to one size.

    Its share of the image's area is uniform in `scale`, the logarithm of width / height uniform in those of `ratio`.
    """

    size: int = Field(ge=1, examples=[224])
    """Pixels of each side; it must be the size at which networks are evaluated (`dataset.crop`). [pixels]"""
    scale: Several[float] = Field(default=(0.08, 1.0), min_length=2, max_length=2)
    """Smallest and largest share of the image's area. [shares]"""
    ratio: Several[float] = Field(default=(3 / 4, 4 / 3), min_length=2, max_length=2)
    """Smallest and largest width / height. [ratios]"""

    @field_validator("scale", "ratio")
    @classmethod
    def _ordered(cls, value: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        if not 0 < value[0] <= value[1]:
            raise ValueError(f"{info.field_name} is a smaller and a larger number above 0")
        if info.field_name == "scale" and value[1] > 1:
            raise ValueError("scale is a share of the image's area: at most 1")
        return value


class RandomResizedCrop(Config):
    """Of each image a random part is seen, at one size."""

    random_resized_crop: ResizedCrop | None = Field(default=None, json_schema_extra=ADDED_LATER)
    """A random part of each image, brought to one size; without `crop`."""


def clash(written: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Parts of images that are shifted as well."""
    if written.get("random_resized_crop") is None or not written.get("crop"):
        return None
    message = "`crop` shifts whole images, `random_resized_crop` cuts parts from them: a recipe has one of them"
    return "crop", message, "say crop = 0"


CARD = AugmentationCard(
    name="random-resized-crop",
    doc="a random part of each image, brought to one size",
    config=RandomResizedCrop,
    implementation="lmcspec.science.data.augmentation.resized_crop:drawn",
    on="stored",
    place=10,
    whole=True,
    resizes="random_resized_crop",
    clash=clash,
)
