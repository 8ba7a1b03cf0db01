"""SNIP: single-shot pruning by connection sensitivity."""

from typing import Literal

from pydantic import Field

from lmcspec.catalog.card import CriterionCard
from lmcspec.catalog.config import Named


class Snip(Named):
    """The smallest |g w| go, g being the gradient of the loss on some training images at the rewind point."""

    name: Literal["snip"] = "snip"
    per_class: int = Field(default=10, ge=1)
    """Training images of each class, un-augmented, the same for all replicates. [images per class]"""
    batch: int = Field(default=256, ge=1)
    """Images at once. [images]"""
    mode: Literal["train", "eval"] = "train"
    """Of the network while it is scored: batch norm takes the statistics of each batch, or its running ones."""
    iterations: int = Field(default=1, ge=1)
    """Steps in which a round prunes, of equal ratios, scored anew before each. [steps]"""


CARD = CriterionCard(
    doc="prune the smallest |g w| at the rewind point, g the gradient of the training loss",
    config=Snip,
    implementation="lmcspec.science.criteria.snip:scores",
    source="Lee et al. 2019",
    trains=False,
    rewound=True,
    images=True,
    passes=3,
)
