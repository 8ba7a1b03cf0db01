"""Gradient matching under siamese augmentation (DSA): `dc` with its families, starting from real images."""

from lmcspec.catalog.distillers.dsa import SiameseCondensation
from lmcspec.science.data.distilled.distilled_set import Distilled
from lmcspec.science.distill import dc
from lmcspec.science.distill.protocol import Given


def distill(config: SiameseCondensation, given: Given) -> Distilled:
    """As `dc.distill`, whose A_c draws one of the families for each class and step."""
    return dc.distill(config, given)
