"""A data set by its configuration, ready for training."""

from pathlib import Path

import torch

from lmcspec.catalog import DatasetCard, Named, get
from lmcspec.science.data.arrays import Arrays, channel_statistics
from lmcspec.science.data.held_out import hold_out, keep
from lmcspec.science.data.resident import Dataset, enter
from lmcspec.science.data.resize import resized
from lmcspec.science.data.space import Space


def load(
    config: Named | str,
    root: Path | str | None = None,
    space: Space | str = "raw",
    device: str | torch.device = "cpu",
    *,
    validation: int = 0,
    train: int | None = None,
    seed: int = 0,
    resize: int | None = None,
) -> Dataset:
    """The data set that a card's configuration (or just its name) asks for, in a space, on a device.

    `"standardised"` takes the card's own mean and std, or those of the training images where the card has none.
    `validation` training images are set aside, and `train` of the rest are kept, drawn by `seed` (see `hold_out`,
    `keep`). `resize` brings the images of any set
    to N x N pixels, as an image folder does.

    >>> load("digits", space="standardised").train.images.shape
    torch.Size([1437, 1, 8, 8])
    """
    card, config = _card(config)
    folder = Path(root) if root is not None else None
    if resize is not None and "resize" in card.config.model_fields:
        config = config.model_copy(update={"resize": resize})
        resize = None
    arrays = card.load()(config, folder)
    if resize is not None:
        arrays = resized(arrays, resize)
    if validation:
        arrays = hold_out(arrays, validation, card.name, seed)
    if train is not None:
        arrays = keep(arrays, train, card.name, seed)
    return enter(arrays, _space(space, card, arrays), device)


def _card(config: Named | str) -> tuple[DatasetCard, Named]:
    card = get("dataset", config if isinstance(config, str) else config.name)
    assert isinstance(card, DatasetCard)
    if isinstance(config, str):
        config = card.config(name=config, **card.variants.get(config, {}))
    return card, config


def _space(space: Space | str, card: DatasetCard, arrays: Arrays) -> Space:
    if isinstance(space, Space):
        return space
    if space != "standardised":
        return Space(space)  # pyright: ignore[reportArgumentType]
    mean, std = (card.mean, card.std) if card.mean and card.std else channel_statistics(arrays)
    return Space("standardised", mean, std)
