"""ImageNet-10, the ten classes of ImageNet on which IDC distils."""

from typing import Literal

from pydantic import Field

from lmcspec.base.facts import DataFacts
from lmcspec.catalog.card import DatasetCard
from lmcspec.catalog.config import Named

WNIDS = (
    "n02869837",
    "n01749939",
    "n02488291",
    "n02107142",
    "n13037406",
    "n02091831",
    "n04517823",
    "n04589890",
    "n03062245",
    "n01773797",
)
"""In this order, which numbers them."""


class ImageNet10(Named):
    """`root/train/WNID/*.JPEG` and `root/val/WNID/*.JPEG` of ten classes; other classes may lie beside them.

    With the defaults images are what torchvision's Resize(224), CenterCrop(224) make of them, in training too: a
    random resized crop is cut from that square.
    """

    name: Literal["imagenet10"] = "imagenet10"
    resize: int = Field(default=224, ge=1)
    """Shorter side, then a central square. [pixels]"""
    crop: int = Field(default=224, ge=1)
    """The side of the central square that networks see; a random resized crop is cut from the whole image. [pixels]"""


CARD = DatasetCard(
    doc="ImageNet-10, some 13,000 + 500 photographs in ten classes of ImageNet, seen at 224x224",
    config=ImageNet10,
    implementation="lmcspec.science.data.sets.imagenet10:load",
    source="Kim et al. 2022 (IDC): the first ten of its list of classes; mean and std as for ImageNet",
    facts="lmcspec.science.data.sets.imagenet10:facts",
    expected=DataFacts("", 13_000, 500, 10, (3, 224, 224), known=False),
    files=("train", "val"),
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
)
