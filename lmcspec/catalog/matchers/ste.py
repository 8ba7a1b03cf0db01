"""Matching by a straight-through estimator."""

from typing import Annotated, Literal

from pydantic import Field

from lmcspec.base.steps import Step, images_until
from lmcspec.catalog.card import MatcherCard, Passes
from lmcspec.catalog.config import Config, Length
from lmcspec.catalog.draws import Momentum


class StraightThrough(Config):
    """The permutation that weight matching finds for weights which are trained at the midpoint."""

    method: Literal["ste"] = "ste"
    length: Length = Step(epochs=250)
    """How long the weights are trained, by SGD on the loss halfway between the networks."""
    batch: int = Field(default=1000, ge=1)
    """Training images per step. [images]"""
    lr: float = Field(default=0.01, gt=0)
    """Rate of SGD on the weights at the midpoint."""
    momentum: Momentum = 0.9
    look: Length = Step(epochs=1)
    """How often, and at the end, the permutation is judged by the loss of the midpoint on all of the images; the best
    is kept."""
    images: Annotated[int, Field(ge=1)] | Literal["all"] = Field(default="all", examples=["all", 5000])
    """Training images to train and to judge on: all, or a fixed class-balanced subset of so many. [images]"""


def passes(config: StraightThrough, images: int, batch_norm: bool) -> Passes:
    """A training, and an evaluation before it and at each look; with batch norm statistics are taken before."""
    updates, look = config.length.updates, config.look.updates
    looks = 1 + -(-updates // look)
    return Passes(looks * images * (1 + batch_norm), images_until(updates, config.batch, images), updates)


CARD = MatcherCard(
    doc="weights that are trained at the midpoint, and the permutation that follows them",
    config=StraightThrough,
    implementation="lmcspec.science.permute.matchers_by_gradient:by_straight_through",
    source="Ainsworth, Hayase & Srinivasa, Git Re-Basin, ICLR 2023, section 3.3; settings of their networks on MNIST",
    images=lambda config: None if config.images == "all" else config.images,
    passes=passes,
)
