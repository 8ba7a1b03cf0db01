"""GraSP: pruning that preserves gradient flow."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import CriterionCard
from lmcspec.catalog.config import Named


class Grasp(Named):
    """The smallest w Hg go, with g and H of the loss on some training images at the rewind point."""

    name: Literal["grasp"] = "grasp"
    per_class: int = Field(default=10, ge=1)
    """Training images of each class, un-augmented, the same for all replicates. [images per class]"""
    batch: int = Field(default=256, ge=1)
    """Images at once. [images]"""
    mode: Literal["train", "eval"] = "train"
    """Of the network while it is scored: batch norm takes the statistics of each batch, or its running ones."""
    temperature: float = Field(default=200.0, gt=0)
    """Logits are divided by it before the loss."""
    iterations: int = Field(default=1, ge=1)
    """Steps in which a round prunes, of equal ratios, scored anew before each. [steps]"""


CARD = CriterionCard(
    doc="prune the smallest w Hg at the rewind point, whose removal costs gradient flow least",
    config=Grasp,
    implementation="lmcspec.science.criteria.grasp:scores",
    source="Wang et al. 2020",
    trains=False,
    rewound=True,
    images=True,
    passes=12,
)
