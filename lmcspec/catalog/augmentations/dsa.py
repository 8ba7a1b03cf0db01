"""Differentiable siamese augmentation."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from lmcspec.catalog.card import AugmentationCard
from lmcspec.catalog.config import ADDED_LATER, Config
from lmcspec.catalog.dsa import Transforms


class Dsa(Config):
    """Differentiable siamese augmentation, and how it combines its transforms."""

    dsa: Transforms = Field(default="", json_schema_extra=ADDED_LATER)
    """Differentiable siamese augmentation: transforms joined by `_`, such as color_crop_cutout_flip_scale_rotate."""
    dsa_style: Literal["dc", "mtt", "idc"] = Field(default="dc", json_schema_extra=ADDED_LATER | {"of": "dsa"})
    """How DSA combines them: one a batch as DC and DSA (`mtt`: as MTT, whose grids align corners), or as IDC."""


def clash(written: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """A style of no transforms."""
    if "dsa_style" not in written or written.get("dsa"):
        return None
    message = "`dsa_style` says how the transforms of `dsa` are combined, and there are none"
    return "dsa_style", message, 'name some, as in `dsa = "color_crop_cutout_flip_scale_rotate"`'


CARD = AugmentationCard(
    name="dsa",
    doc="differentiable siamese augmentation, of the batch in its space",
    config=Dsa,
    implementation="lmcspec.science.data.augmentation.dsa:drawn",
    on="batch",
    place=50,
    clash=clash,
)
