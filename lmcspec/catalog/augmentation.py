"""Random changes of the training images, as recipes and experts of distillation name them: the keys of all cards."""

from typing import cast

from lmcspec.catalog.card import AugmentationCard
from lmcspec.catalog.registry import built_in

AUGMENTATIONS = sorted(
    (cast(AugmentationCard, card) for card in built_in("augmentation").values()), key=lambda card: card.place
)
"""In the order in which they are done."""


class Augment(*(card.config for card in reversed(AUGMENTATIONS))):  # pyright: ignore
    """Random changes of the training images, drawn afresh each epoch; applied before the images enter their space.

    Order: `random_resized_crop`, then `crop`, then flip, then colours by `jitter` and `lighting`, then the images enter
    their space, then DSA, then CutMix. How each is drawn stands in lmcspec/science/data/augmentation.
    """
