"""Dataset condensation with differentiable siamese augmentation."""

from typing import Literal

from lmcspec.catalog.card import DistillerCard
from lmcspec.catalog.distillers.dc import Condensation
from lmcspec.catalog.dsa import Transforms


class SiameseCondensation(Condensation):
    """Gradient matching under one augmentation of real and synthetic images, starting from real ones."""

    method: Literal["dsa"] = "dsa"  # pyright: ignore[reportIncompatibleVariableOverride]
    start: Literal["noise", "real"] = "real"
    dsa: Transforms = "color_crop_cutout_flip_rotate_scale"


CARD = DistillerCard(
    doc="dataset condensation with siamese augmentation",
    config=SiameseCondensation,
    implementation="lmcspec.science.distill.dc:distill",
    protocol="dsa/evaluate",
    source="Zhao & Bilen, Dataset Condensation with Differentiable Siamese Augmentation, ICML 2021; as in their code",
)
