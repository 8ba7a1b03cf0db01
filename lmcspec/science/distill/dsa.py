"""Gradient matching under siamese augmentation (DSA): `dc` with its transforms, starting from real images."""

from lmcspec.catalog.distillers.dsa import SiameseCondensation
from lmcspec.science.data.distilled.distilled_set import Distilled
from lmcspec.science.distill import dc
from lmcspec.science.distill.distillation import Distillation


def distill(config: SiameseCondensation, distillation: Distillation) -> Distilled:
    """As `dc.distill`, whose A_c draws one of the transforms for each class and step."""
    return dc.distill(config, distillation)
