"""How much there is to do in a task, from what is known before it runs."""

from typing import Any, NamedTuple

from lmcspec.base.facts import DataFacts, ModelFacts
from lmcspec.base.steps import images_until

BACKWARD = 2
"""A backward pass costs twice a forward pass, so a training image counts three forward ones."""
FLOAT = 4
"""Bytes of a number in a stored tensor."""
NO_DATA = DataFacts(digest="", train=0, test=0, classes=0, shape=(0, 0, 0))
"""The data of tasks that look at none."""


class Known(NamedTuple):
    """What is known of a task beside its parameters."""

    data: DataFacts = NO_DATA
    """The study's data."""
    trained_on: int = 0
    """Images to train on or to score by: the study's training images, or those of the set in their place."""
    model: ModelFacts | None = None
    """None while nobody has built the model."""

    @property
    def weights(self) -> int | None:
        """Bytes of a network's parameters and buffers; None while that is not known."""
        return None if self.model is None else FLOAT * (self.model.parameters + self.model.buffers)

    @property
    def mask(self) -> int | None:
        """Bytes of a mask; None while that is not known."""
        return None if self.model is None else sum(size for _, size in self.model.sizes)

    def images(self, split: str, training: int) -> int:
        """Images of a split on which networks are evaluated; `training` of the training images, 0 for all."""
        return training if training and split == "train" else getattr(self.data, split)


class Work(NamedTuple):
    """How much one task does. `units` are what its seconds are proportional to among tasks of its kind and model."""

    units: float
    images: int = 0
    """Training images seen."""
    updates: int = 0
    forward: int = 0
    """Images through the network, a training image counted three times."""
    making: int = 0
    """Real images seen in order to make a distilled set; they are no part of the work on masks."""
    stored: int | None = None
    """Bytes that its outputs keep; None while the model's size is not known."""


def training(recipe: Any, begin: int, until: int, images: int) -> int:
    """Images seen from update `begin` to `until` by a recipe (as a part holds it) that has so many to train on."""
    return images_until(until, recipe["batch"], images) - images_until(begin, recipe["batch"], images)
