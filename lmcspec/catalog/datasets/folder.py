"""A folder of images, one sub-folder per class."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import DatasetCard
from lmcspec.catalog.config import Named


class Folder(Named):
    """`root/train/CLASS/*` and `root/test/CLASS/*` (or `val`), decoded to RGB."""

    name: Literal["folder"] = "folder"
    resize: int | None = Field(default=None, ge=1, examples=[256])
    """Shorter side, then a central square; without it all images must have one size. [pixels]"""


CARD = DatasetCard(
    doc="your own images: ROOT/train/CLASS/* and ROOT/test/CLASS/*",
    config=Folder,
    implementation="lmcspec.science.data.sets.folder:load",
    facts="lmcspec.science.data.sets.folder:facts",
)
