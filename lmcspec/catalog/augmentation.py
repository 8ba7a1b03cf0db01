"""Random changes of the training images, as recipes and experts of distillation name them."""

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from lmcspec.catalog.config import ADDED_LATER, Config, Several, identity
from lmcspec.catalog.dsa import Transforms


class ResizedCrop(Config):
    """A random part of each image, brought to one size.

    Its share of the image's area is uniform in `scale`, the logarithm of width / height uniform in those of `ratio`.
    """

    size: int = Field(ge=1)
    """Pixels of each side; it must be the size at which networks are evaluated (`dataset.crop`)."""
    scale: Several[float] = Field(default=(0.08, 1.0), min_length=2, max_length=2)
    """Smallest and largest share of the image's area."""
    ratio: Several[float] = Field(default=(3 / 4, 4 / 3), min_length=2, max_length=2)
    """Smallest and largest width / height."""

    @field_validator("scale", "ratio")
    @classmethod
    def _ordered(cls, value: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        if not 0 < value[0] <= value[1]:
            raise ValueError(f"{info.field_name} is a smaller and a larger number above 0")
        if info.field_name == "scale" and value[1] > 1:
            raise ValueError("scale is a share of the image's area: at most 1")
        return value


class Augment(Config):
    """Random changes of the training images, drawn afresh each epoch; applied before the images enter their space.

    Order: crop, then flip, then colours by `jitter` and `lighting`, then the images enter their space, then DSA, then
    CutMix. How each is drawn stands in lmcspec/science/data.
    """

    flip: bool = False
    """Mirror left to right with probability 1/2."""
    crop: int = Field(default=0, ge=0)
    """Pad by so many black pixels on each side and cut the old size somewhere."""
    dsa: Transforms = Field(default="", json_schema_extra=ADDED_LATER)
    """Differentiable siamese augmentation: transforms joined by `_`, such as color_crop_cutout_flip_scale_rotate."""
    dsa_style: Literal["dc", "mtt", "idc"] = Field(default="dc", json_schema_extra=ADDED_LATER)
    """How DSA combines them: one a batch as DC and DSA (`mtt`: as MTT, whose grids align corners), or as IDC."""
    cutmix: float = Field(default=0.0, ge=0, le=1, json_schema_extra=ADDED_LATER)
    """Probability with which a batch is mixed with itself by CutMix."""
    random_resized_crop: ResizedCrop | None = Field(default=None, json_schema_extra=ADDED_LATER)
    """A random part of each image, brought to one size; without `crop`."""
    jitter: float = Field(default=0.0, ge=0, le=1, json_schema_extra=ADDED_LATER)
    """Brightness, contrast and saturation of each image change by up to this share, in an order of its own."""
    lighting: float = Field(default=0.0, ge=0, json_schema_extra=ADDED_LATER)
    """Each image gets N(0, lighting) times each principal component of ImageNet's pixels."""

    def document(self) -> dict[str, Any]:
        """What enters ids. How transforms are combined has no meaning without any, so then it is no part of an id."""
        document = identity(self)
        return document if self.dsa else {key: value for key, value in document.items() if key != "dsa_style"}
