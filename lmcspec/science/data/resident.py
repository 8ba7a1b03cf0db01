"""Data sets as tensors on a device, whole, once; batches are taken by index and converted there."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from lmcspec.science.data.arrays import Arrays
from lmcspec.science.data.augment import Draws, augment
from lmcspec.science.data.space import Conversion, Space, as_tensor, conversion, fit, whitened


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Images and their labels int64 (n,).

    `images` are uint8 with the `conversion` by which they enter the space, or float32 that are there already.
    Whitened images keep what they were `decoded` from, so that augmentation acts before whitening. `black` (1 or
    C, 1, 1) fills what augmentation pads around float images.
    """

    images: Tensor
    labels: Tensor
    conversion: Conversion | None = None
    decoded: Tensor | None = None
    black: Tensor = field(default_factory=lambda: torch.zeros(1, 1, 1))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def device(self) -> torch.device:
        """Where the images lie."""
        return self.images.device

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    def batch(self, indices: Tensor, draws: Draws | None = None) -> tuple[Tensor, Tensor]:
        """(x float32 (n, C, H, W) in the space, y int64 (n,)) of the images at `indices` int64 (n,), on the device.

        `draws`, one per image of the batch, augments them: before they enter the space, or as they are if they
        come in it.
        """
        indices = indices.to(self.device)
        labels = self.labels[indices]
        if draws is None:
            images = self.images[indices]
            return (self.conversion(images) if images.dtype == torch.uint8 and self.conversion else images), labels
        source = self.images if self.decoded is None else self.decoded
        images = source[indices]
        if images.dtype != torch.uint8 or self.conversion is None:
            return augment(images, draws.to(self.device), self.black), labels
        return self.conversion(augment(images, draws.to(self.device))), labels

    def all(self) -> tuple[Tensor, Tensor]:
        """Every image in the space, and the labels. Makes a float32 copy of uint8 images: for small sets."""
        return self.batch(torch.arange(len(self), device=self.device))

    def subset(self, indices: Tensor) -> "Split":
        """The images at `indices`, in that order, as a split of their own."""
        indices = indices.to(self.device)
        decoded = None if self.decoded is None else self.decoded[indices]
        return Split(self.images[indices], self.labels[indices], self.conversion, decoded, self.black)


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Training and test images resident on a device, all in one space; `validation` where a study sets some aside."""

    train: Split
    test: Split
    classes: int
    shape: tuple[int, int, int]
    space: Space
    validation: Split | None = None


def enter(arrays: Arrays, space: Space, device: str | torch.device = "cpu") -> Dataset:
    """The data set resident on a device, in a space.

    Raw and standardised images stay uint8 and are converted batch by batch; whitened ones are float32, computed on
    the host whatever the device. Raises ValueError where the space's numbers don't fit the images' channels.
    """
    if space.name == "standardised" and len(space.mean) != arrays.shape[0]:
        raise ValueError(f"the space has numbers for {len(space.mean)} channels, the images have {arrays.shape[0]}")
    device = torch.device(device)
    splits = [(arrays.train_images, arrays.train_labels), (arrays.test_images, arrays.test_labels)]
    if arrays.validation is not None:
        splits.append(arrays.validation)
    if space.name == "zca":
        fitted = fit(arrays.train_images, arrays.scale, space.eps)
        convert = conversion(space, arrays.scale, device, fitted)
        key = f"{space.eps:g}-{fitted.digest()}"
        train, test, *more = (
            Split(
                as_tensor(whitened(images, arrays.scale, fitted, key)).to(device),
                as_tensor(labels).to(device),
                convert,
                as_tensor(images).to(device),
            )
            for images, labels in splits
        )
    else:
        convert = conversion(space, arrays.scale, device)
        train, test, *more = (
            Split(as_tensor(images).to(device), as_tensor(labels).to(device), convert) for images, labels in splits
        )
    return Dataset(train, test, arrays.classes, arrays.shape, space, more[0] if more else None)


def black(space: Space, device: str | torch.device = "cpu") -> Tensor:
    """The value of black in a space, shaped (1 or C, 1, 1)."""
    return torch.tensor(space.black, dtype=torch.float32, device=device).view(-1, 1, 1)
