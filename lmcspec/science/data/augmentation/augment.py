"""What becomes of training images: the draws of all augmentations for an epoch, and their changes one after the other.

Each draw is a function of its address, by position in the epoch's order. An augmentation is a module here beside its
card, with a function `drawn(settings, epoch)` that gives an `ImageChange`, a `BatchChange`, or None.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Protocol, Self

import torch
from torch import Tensor

from lmcspec.base.addresses import Where
from lmcspec.base.sgd_noise import TrainingNoise
from lmcspec.catalog.augmentation import AUGMENTATIONS, Augment


@dataclass(frozen=True, slots=True)
class Epoch:
    """What draws are for: an epoch of `count` images in batches of `batch`, of `stored` height and width."""

    count: int
    batch: int
    noise: TrainingNoise
    number: int
    stored: tuple[int, int] | None = None

    def at(self, stream: Literal["augment", "mixup"] = "augment") -> Where:
        """The address at which a stream of this epoch begins."""
        return self.noise.at(stream, self.number)


class ImageChange(Protocol):
    """What happens to each image of an epoch, or of a part of it."""

    def __getitem__(self, part: slice, /) -> Self: ...

    def to(self, device: torch.device | str, /) -> Self:
        """The same draws on another device."""
        ...

    def __call__(self, images: Tensor, black: Tensor | float, /) -> Tensor:
        """The images (n, C, H, W), changed; `black` fills what is seen beyond their edges."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ByImage:
    """Draws whose tensors have one row for each image: cut and moved together."""

    def __getitem__(self, part: slice) -> Self:
        return self._each(lambda rows: rows[part])

    def to(self, device: torch.device | str) -> Self:
        """The same draws on another device."""
        return self._each(lambda rows: rows.to(device))

    def _each(self, do: Callable[[Tensor], Tensor]) -> Self:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: do(rows) for name, rows in values.items() if isinstance(rows, Tensor)})


class BatchChange(Protocol):
    """What happens to the batches of an epoch."""

    def __call__(self, images: Tensor, labels: Any, number: int, part: slice, /) -> tuple[Tensor, Any]:
        """The images float32 (n, C, H, W) and labels of batch `number`, at these positions of the epoch, changed."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ImageDraws:
    """What happens to each image, by the names of the augmentations, in their order: as it is stored, then decoded."""

    stored: Mapping[str, ImageChange]
    decoded: Mapping[str, ImageChange]

    def __getitem__(self, part: slice) -> "ImageDraws":
        return self._each(lambda change: change[part])

    def to(self, device: torch.device | str) -> "ImageDraws":
        """The same draws on another device."""
        return self._each(lambda change: change.to(device))

    def _each(self, do: Any) -> "ImageDraws":
        return ImageDraws(*({name: do(change) for name, change in on.items()} for on in (self.stored, self.decoded)))

    @property
    def whole(self) -> bool:
        """Whether whole images are looked at, where others are cut to their central square."""
        return any(card.whole for card in AUGMENTATIONS if card.name in self.stored)


def draw(
    count: int, augmentation: Augment, noise: TrainingNoise, epoch: int, stored: tuple[int, int] | None = None
) -> ImageDraws | None:
    """The draws of an epoch of `count` images: number p is for the image at position p of the epoch's order.

    None where the recipe changes no single image. Each kind of draw has its own stream, so that turning one off leaves
    the others as they are.
    """
    asked = Epoch(count, count, noise, epoch, stored)
    draws = ImageDraws(_drawn("stored", augmentation, asked), _drawn("decoded", augmentation, asked))
    return draws if draws.stored or draws.decoded else None


def draw_batches(
    count: int, batch: int, augmentation: Augment, noise: TrainingNoise, epoch: int
) -> tuple[BatchChange, ...]:
    """What happens to the batches of an epoch, in order."""
    return tuple(_drawn("batch", augmentation, Epoch(count, batch, noise, epoch)).values())


def _drawn(on: str, augmentation: Augment, epoch: Epoch) -> dict[str, Any]:
    drawn = {card.name: card.load()(augmentation, epoch) for card in AUGMENTATIONS if card.on == on}
    return {name: change for name, change in drawn.items() if change is not None}


def augment(images: Tensor, draws: ImageDraws, black: Tensor | float = 0) -> Tensor:
    """Stored images (n, C, H, W) of any dtype, changed; decoded ones are left to `ImageDraws.decoded`.

    `black` is a number, or one per channel as (C, 1, 1).
    """
    for change in draws.stored.values():
        images = change(images, black)
    return images
