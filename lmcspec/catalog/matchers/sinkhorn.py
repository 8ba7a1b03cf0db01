"""Matching by Sinkhorn's iteration."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lmcspec.base.steps import Step, images_until
from lmcspec.catalog.card import MatcherCard, Passes
from lmcspec.catalog.config import Config, Length


class SinkhornMatching(Config):
    """The permutation at which a descent over doubly stochastic matrices ends, by the best assignment of its units."""

    method: Literal["sinkhorn"] = "sinkhorn"
    loss: Literal["midpoint", "random", "l2"] = "midpoint"
    """What is made small: the loss halfway between the networks, at another place between them in each step, or the
    squared distance of their weights, for which no images are looked at."""
    length: Length = Step(updates=500)
    """How many steps of Adam on the units' similarities."""
    batch: int = Field(default=1000, ge=1)
    """Training images per step. [images]"""
    lr: float = Field(default=0.1, gt=0)
    """Rate of Adam on the similarities."""
    temperature: float = Field(default=1.0, gt=0)
    """By what similarities are divided: the lower, the nearer to a permutation."""
    start: float = Field(default=3.0, ge=0)
    """The similarity of each unit of the one network to the same unit of the other at first; else it is 0."""
    iterations: int = Field(default=100, ge=1)
    """Of Sinkhorn in each step, at most: rows and columns are normalised until rows sum to 1 within `tolerance`.
    [iterations]"""
    tolerance: float = Field(default=1e-4, gt=0)
    """How far the sums of rows may be from 1 where the iteration stops."""
    gradient: Literal["implicit", "unrolled"] = "implicit"
    """By the implicit function theorem, or back through all iterations, which takes memory for each of them."""
    images: Annotated[int, Field(ge=1)] | Literal["all"] = Field(default="all", examples=["all", 5000])
    """Training images to look at, un-augmented: all, or a fixed class-balanced subset of so many. [images]"""

    @model_validator(mode="after")
    def _epochs_are_of_images(self) -> "SinkhornMatching":
        if self.loss == "l2" and self.length.epochs:
            raise ValueError('with `loss = "l2"` no images are looked at, so that `length` is in updates: "500it"')
        return self


def images(config: SinkhornMatching) -> int | None:
    """None for the distance; else as many as it says."""
    if config.loss == "l2":
        return 0
    return None if config.images == "all" else config.images


def passes(config: SinkhornMatching, images: int, batch_norm: bool) -> Passes:
    """A batch forward and back in each step; for the distance nothing but the steps."""
    updates = config.length.updates
    return Passes(0, images_until(updates, config.batch, images) if images else 0, updates)


CARD = MatcherCard(
    doc="doubly stochastic matrices in place of permutations, by which a loss is lowered",
    config=SinkhornMatching,
    implementation="lmcspec.science.permute.matchers_by_gradient:by_sinkhorn",
    source="Peña et al., Re-basin via implicit Sinkhorn differentiation, CVPR 2023",
    images=images,
    passes=passes,
)
