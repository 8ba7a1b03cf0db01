"""ImageNet (ILSVRC 2012) from its JPEG files."""

from typing import Literal

from pydantic import Field

from lmcspec.base.facts import DataFacts
from lmcspec.catalog.card import DatasetCard
from lmcspec.catalog.config import Named


class ImageNet(Named):
    """`root/train/WNID/*.JPEG` and `root/val/…`, kept decoded as squares (docs/data.md says what that costs).

    With the defaults networks are evaluated on what torchvision's Resize(256), CenterCrop(224) make of them.
    """

    name: Literal["imagenet"] = "imagenet"
    resize: int = Field(default=256, ge=1)
    """Shorter side, then a central square. [pixels]"""
    crop: int = Field(default=224, ge=1)
    """The side of the central square that networks see; a random resized crop is cut from the whole image. [pixels]"""


CARD = DatasetCard(
    doc="ImageNet (ILSVRC 2012), 1,281,167 + 50,000 photographs in 1,000 classes, seen at 224x224",
    config=ImageNet,
    implementation="lmcspec.science.data.sets.imagenet:load",
    source="Russakovsky et al. 2015; mean and std as torchvision's models and OpenLTH take them",
    facts="lmcspec.science.data.sets.imagenet:facts",
    expected=DataFacts("", 1_281_167, 50_000, 1000, (3, 256, 256), known=False),
    files=("train", "val"),
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
)
