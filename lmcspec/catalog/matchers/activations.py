"""Activation matching."""

from typing import Annotated, Literal

from pydantic import Field

from lmcspec.catalog.card import MatcherCard
from lmcspec.catalog.config import Config


class ActivationMatching(Config):
    """The permutation that pairs units which answer alike to the same training images, un-augmented."""

    method: Literal["activations"] = "activations"
    where: Literal["post", "pre", "stream", "all"] = "post"
    """Behind a group's last non-linearity, in what its last layer gives, behind its last sum, or all of these."""
    kernel: Literal["inner-product", "correlation"] = "inner-product"
    """How alike two units are: products of their activations, or these divided by the norms of both."""
    centred: bool = False
    """Of what is left of activations when each unit's mean is taken off: covariance, and Pearson's correlation."""
    images: Annotated[int, Field(ge=1)] | Literal["all"] = Field(default="all", examples=["all", 5000])
    """Training images to look at: all, or a fixed class-balanced subset of so many. [images]"""


CARD = MatcherCard(
    doc="units that answer alike to the same images",
    config=ActivationMatching,
    implementation="lmcspec.science.permute.matchers:by_activations",
    source="Ainsworth, Hayase & Srinivasa, Git Re-Basin, ICLR 2023, section 3.1",
    images=lambda config: None if config.images == "all" else config.images,
)
