"""Data sets as tensors on a device, whole, once, or on the host where they are too large for that.

Batches are taken by index and converted on the device.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from lmcspec.science.data.arrays import Arrays
from lmcspec.science.data.augmentation.augment import ImageDraws, augment
from lmcspec.science.data.mapped import Mapped, read_ahead, stays_on_host
from lmcspec.science.data.space import Conversion, Space, as_tensor, conversion, fit, of_floats, whitened


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Images and their labels int64 (n,).

    `images` have a `conversion` by which they enter the space (uint8, or float32 of a distilled set), or are float32
    that are there already. Whitened images keep what they were `decoded` from, so that augmentation acts before
    whitening. `black` (1 or C, 1, 1) fills what augmentation pads around images that are in the space. With `crop`,
    networks see the central square of so many pixels; only a random resized crop looks at the whole image. Images may
    be `Mapped`: then they stay on the host, and everything else is the same.
    """

    images: Tensor | Mapped
    labels: Tensor
    conversion: Conversion | None = None
    decoded: Tensor | Mapped | None = None
    black: Tensor = field(default_factory=lambda: torch.zeros(1, 1, 1))
    crop: int | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def device(self) -> torch.device:
        """The device on which batches are made."""
        return self.images.device

    @property
    def index_device(self) -> torch.device:
        """The device of the images, on which indices into them have to be."""
        return torch.device("cpu") if isinstance(self.images, Mapped) else self.images.device

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an image as networks see it."""
        _, channels, height, width = self.images.shape
        return (channels, height, width) if self.crop is None else (channels, self.crop, self.crop)

    @property
    def stored(self) -> tuple[int, int]:
        """Height and width of the images as they are stored."""
        _, _, height, width = self.images.shape
        return height, width

    def batch(self, indices: Tensor, draws: ImageDraws | None = None) -> tuple[Tensor, Tensor]:
        """(x float32 (n, C, H, W) in the space, y int64 (n,)) of the images at `indices` int64 (n,), on the device.

        `draws`, one per image of the batch, augments them: before they enter the space, or as they are if they
        come in it.
        """
        indices = indices.to(self.index_device)
        return self._seen(_rows(self._source(draws), indices), draws), self.labels[indices.to(self.device)]

    def batches(self, parts: Iterable[tuple[Tensor, ImageDraws | None]]) -> Iterator[tuple[Tensor, Tensor]]:
        """`batch` for each of `parts`; where images are on the host and the device is a GPU, they are read ahead."""
        if not isinstance(self.images, Mapped) or self.device.type == "cpu":
            for indices, draws in parts:
                yield self.batch(indices, draws)
            return
        yield from self.batches_ahead(parts)

    def batches_ahead(self, parts: Iterable[tuple[Tensor, ImageDraws | None]]) -> Iterator[tuple[Tensor, Tensor]]:
        """`batch` for each of `parts`, the images of later ones read by threads meanwhile. They have to be mapped."""
        asked: deque[tuple[Tensor, ImageDraws | None]] = deque()

        def wanted() -> Iterator[tuple[Mapped, Tensor]]:
            for indices, draws in parts:
                asked.append((indices, draws))
                source = self._source(draws)
                assert isinstance(source, Mapped)
                yield source, indices

        for images in read_ahead(wanted()):
            indices, draws = asked.popleft()
            yield self._seen(images, draws), self.labels[indices.to(self.device)]

    def all(self) -> tuple[Tensor, Tensor]:
        """Every image in the space, and the labels. Makes a float32 copy of images: for small sets."""
        return self.batch(torch.arange(len(self), device=self.index_device))

    def subset(self, indices: Tensor) -> "Split":
        """The images at `indices`, in that order, as a split of their own. What is mapped stays so."""
        decoded = None if self.decoded is None else _subset(self.decoded, indices)
        labels = self.labels[indices.to(self.device)]
        return Split(_subset(self.images, indices), labels, self.conversion, decoded, self.black, self.crop)

    def _source(self, draws: ImageDraws | None) -> Tensor | Mapped:
        return self.images if self.decoded is None or draws is None else self.decoded

    def _seen(self, images: Tensor, draws: ImageDraws | None) -> Tensor:
        """Stored images as networks see them: cut or augmented, and in the space."""
        if draws is None or not draws.whole:
            images = _centre(images, self.crop)
        enters = self.conversion if self.decoded is None or draws is not None else None
        if draws is not None:
            draws = draws.to(self.device)
            images = augment(images, draws) if enters else augment(images, draws, self.black)
            for name, change in draws.decoded.items():
                if enters is None:
                    raise ValueError(f"{name} is changed of decoded images, and these are in their space already")
                images = change(images.float() / enters.scale, 0)
                enters = of_floats(enters)
        return enters(images) if enters else images


def _rows(images: Tensor | Mapped, indices: Tensor) -> Tensor:
    """The images at `indices`. Of bytes torch's indexing by brackets takes twenty times as long."""
    return images[indices] if isinstance(images, Mapped) else images.index_select(0, indices)


def _subset(images: Tensor | Mapped, indices: Tensor) -> Tensor | Mapped:
    return images.subset(indices) if isinstance(images, Mapped) else _rows(images, indices.to(images.device))


def _centre(images: Tensor, side: int | None) -> Tensor:
    """The central square of images (n, C, H, W); up and left by half a pixel where that is not whole."""
    if side is None:
        return images
    top, left = ((size - side) // 2 for size in images.shape[2:])
    return images[:, :, top : top + side, left : left + side]


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Training and test images resident on a device, all in one space; `validation` where a study sets some aside."""

    train: Split
    test: Split
    classes: int
    shape: tuple[int, int, int]
    space: Space
    validation: Split | None = None
    names: tuple[str, ...] = ()
    """Names of the classes in the order of their labels, where they have some."""


Residence = bool | Literal["auto"]
"""Whether images lie on the device as a whole; by default unless they would fill too much of its memory."""


def enter(
    arrays: Arrays,
    space: Space,
    device: str | torch.device = "cpu",
    *,
    crop: int | None = None,
    resident: Residence = "auto",
) -> Dataset:
    """The data set in a space, resident on a device or read from the host batch by batch: the same bits either way.

    Raw and standardised images stay uint8 and are converted batch by batch; whitened ones are float32, computed on
    the host whatever the device. Networks see the central `crop` x `crop` pixels. Raises ValueError where the space's
    numbers don't fit the images' channels, or the crop the images.
    """
    if space.name == "standardised" and len(space.mean) != arrays.shape[0]:
        raise ValueError(f"the space has numbers for {len(space.mean)} channels, the images have {arrays.shape[0]}")
    if crop is not None and crop > min(arrays.shape[1:]):
        raise ValueError(f"a crop of {crop} pixels does not fit images of {arrays.shape[1]}x{arrays.shape[2]}")
    if crop is not None and space.name == "zca":
        raise ValueError("whitened images can't be cropped: the space zca is fitted on whole ones")
    device = torch.device(device)
    splits = [(arrays.train_images, arrays.train_labels), (arrays.test_images, arrays.test_labels)]
    if arrays.validation is not None:
        splits.append(arrays.validation)
    on_host = on_the_host(arrays, space, device, resident)

    def placed(images: np.ndarray) -> Tensor | Mapped:
        return Mapped(images, device) if on_host else as_tensor(images).to(device)

    if space.name == "zca":
        fitted = fit(arrays.train_images, arrays.scale, space.eps)
        convert = conversion(space, arrays.scale, device, fitted)
        key = f"{space.eps:g}-{fitted.digest()}"
        train, test, *more = (
            Split(
                placed(whitened(images, arrays.scale, fitted, key)),
                as_tensor(labels).to(device),
                convert,
                placed(images),
            )
            for images, labels in splits
        )
    else:
        convert = conversion(space, arrays.scale, device)
        train, test, *more = (
            Split(placed(images), as_tensor(labels).to(device), convert, crop=crop) for images, labels in splits
        )
    held = more[0] if more else None
    return Dataset(train, test, arrays.classes, train.shape, space, held, arrays.names)


def on_the_host(arrays: Arrays, space: Space, device: torch.device, resident: Residence) -> bool:
    """Whether a set's images are left on the host. Whitened images take four bytes more for each pixel."""
    if resident != "auto":
        return not resident
    parts = [arrays.train_images, arrays.test_images]
    parts += [] if arrays.validation is None else [arrays.validation[0]]
    return stays_on_host(sum(part.nbytes for part in parts) * (5 if space.name == "zca" else 1), device)


def black(space: Space, device: str | torch.device = "cpu") -> Tensor:
    """The value of black in a space, shaped (1 or C, 1, 1)."""
    return torch.tensor(space.black, dtype=torch.float32, device=device).view(-1, 1, 1)
