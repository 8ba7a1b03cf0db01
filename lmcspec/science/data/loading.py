"""A data set by its configuration, ready for training."""

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

from lmcspec.base.errors import StaleError
from lmcspec.catalog import DatasetCard, Named, get
from lmcspec.science.data.arrays import Arrays, channel_statistics
from lmcspec.science.data.held_out import check_classes, held_rows, hold_out, keep, kept_rows
from lmcspec.science.data.resident import Dataset, Residence, enter, on_the_host
from lmcspec.science.data.sets.resize import resized
from lmcspec.science.data.space import Space


@dataclass(frozen=True, slots=True)
class Selection:
    """Which images of a data set are taken, and at which size.

    `validation` training images are set aside, and `train` of the rest are kept, drawn by `seed` (see `hold_out`,
    `keep`). `resize` brings the images of any set to N x N pixels, as an image folder does; networks see the central
    `crop` x `crop` of them.
    """

    validation: int = 0
    train: int | None = None
    seed: int = 0
    resize: int | None = None
    crop: int | None = None


EVERYTHING = Selection()


def load(
    config: Named | str,
    root: Path | str | None = None,
    space: Space | str = "raw",
    device: str | torch.device = "cpu",
    *,
    select: Selection = EVERYTHING,
    resident: Residence = "auto",
    digest: str = "",
) -> Dataset:
    """The data set that a card's configuration (or just its name) asks for, in a space, on a device.

    `"standardised"` takes the card's own mean and std, or those of the training images where the card has none. Images
    that are not `resident` stay on the host, in the mapped file of a folder, and none is copied to set some aside;
    results are the same bits. StaleError where the set is not the one of a `digest`, if one is given.

    >>> load("digits", space="standardised").train.images.shape
    torch.Size([1437, 1, 8, 8])
    """
    card, config = _card(config)
    folder = Path(root) if root is not None else None
    validation, train, seed, resize = select.validation, select.train, select.seed, select.resize
    if resize is not None and "resize" in card.config.model_fields:
        config = config.model_copy(update={"resize": resize})
        resize = None
    arrays = card.load()(config, folder)
    if digest and (loaded := arrays.digest or _digest(card, config, folder)) != digest:
        raise StaleError(
            f"the data set {card.name!r}{f' in {folder}' if folder else ''} is not what it was when this was planned: "
            f"{loaded[:10]}, not {digest[:10]}",
            help="plan and run again: it is another set now",
        )
    if resize is not None:
        arrays = resized(arrays, resize)
    if validation or train is not None:
        check_classes(arrays.train_labels, validation, train, card.name, seed)
    crop = getattr(config, "crop", None) if select.crop is None else select.crop
    if isinstance(space, Space) and space.name != "zca" and on_the_host(arrays, space, torch.device(device), resident):
        return _by_rows(enter(arrays, space, device, crop=crop, resident=False), card.name, select)
    if validation:
        arrays = hold_out(arrays, validation, card.name, seed)
    if train is not None:
        arrays = keep(arrays, train, card.name, seed)
    return enter(arrays, _space(space, card, arrays), device, crop=crop, resident=resident)


def _by_rows(whole: Dataset, name: str, select: Selection) -> Dataset:
    """`hold_out` and `keep` for a set whose images are mapped."""
    split, held, labels = whole.train, None, whole.train.labels.cpu().numpy()
    rows = np.arange(len(labels))
    if select.validation:
        rows, aside = held_rows(labels, select.validation, name, select.seed)
        held = split.subset(torch.from_numpy(aside))
    if select.train is not None:
        rows = rows[kept_rows(labels[rows], select.train, name, select.seed)]
    if len(rows) < len(labels):
        split = split.subset(torch.from_numpy(rows))
    return replace(whole, train=split, validation=held)


def _card(config: Named | str) -> tuple[DatasetCard, Named]:
    card = get("dataset", config if isinstance(config, str) else config.name)
    assert isinstance(card, DatasetCard)
    if isinstance(config, str):
        config = card.config(name=config, **card.variants.get(config, {}))
    return card, config


def _digest(card: DatasetCard, config: Named, folder: Path | None) -> str:
    """The digest of a set that was just loaded; that of a built-in set is checked as it is loaded."""
    if not isinstance(card.facts, str):
        return card.facts.digest
    module, _, attribute = card.facts.partition(":")
    return getattr(import_module(module), attribute)(config, folder).digest


def _space(space: Space | str, card: DatasetCard, arrays: Arrays) -> Space:
    if isinstance(space, Space):
        return space
    if space != "standardised":
        return Space(space)  # pyright: ignore[reportArgumentType]
    mean, std = (card.mean, card.std) if card.mean and card.std else channel_statistics(arrays)
    return Space("standardised", mean, std)
