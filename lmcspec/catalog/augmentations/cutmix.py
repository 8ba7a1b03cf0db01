"""Mixed images."""

from pydantic import Field

from lmcspec.catalog.card import AugmentationCard
from lmcspec.catalog.config import ADDED_LATER, Config


class CutMix(Config):
    """Batches are mixed with themselves, labels along with images."""

    cutmix: float = Field(default=0.0, ge=0, le=1, json_schema_extra=ADDED_LATER, examples=[0.5])
    """Probability with which a batch is mixed with itself by CutMix. [share]"""


CARD = AugmentationCard(
    name="cutmix",
    doc="batches mixed with themselves, images and labels",
    config=CutMix,
    implementation="lmcspec.science.data.augmentation.cutmix:drawn",
    on="batch",
    place=60,
)
