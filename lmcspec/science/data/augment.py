"""Random crops and flips of whole batches on their device, drawn by position in an epoch's order."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lmcspec.base import streams
from lmcspec.base.recipes import Augmentation, Noise


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """What happens to each image: offsets of its crop, int64 (n,) in 0 … 2 `pad`, and whether it is mirrored."""

    pad: int
    top: Tensor
    left: Tensor
    flip: Tensor

    def __getitem__(self, part: slice) -> "Draws":
        return Draws(self.pad, self.top[part], self.left[part], self.flip[part])

    def to(self, device: torch.device | str) -> "Draws":
        """The same draws on another device."""
        return Draws(self.pad, self.top.to(device), self.left.to(device), self.flip.to(device))


def draw(count: int, augmentation: Augmentation, noise: Noise, epoch: int) -> Draws | None:
    """The draws of an epoch of `count` images: number p is for the image at position p of the epoch's order.

    None where the recipe changes nothing. Each kind of draw has its own stream, so that turning one off leaves the
    others as they are.
    """
    if not (augmentation.crop or augmentation.flip):
        return None
    address = (noise.replicate, noise.copy, noise.level, epoch)
    still = np.zeros(count, dtype=np.int64)
    top, left = (
        streams.integers(count, 2 * augmentation.crop + 1, "augment", *address, what) if augmentation.crop else still
        for what in ("crop-y", "crop-x")
    )
    flip = streams.uniforms(count, "augment", *address, "flip") < 0.5 if augmentation.flip else still > 0
    return Draws(augmentation.crop, torch.from_numpy(top), torch.from_numpy(left), torch.from_numpy(flip))


def augment(images: Tensor, draws: Draws, black: Tensor | float = 0) -> Tensor:
    """Pad with black, cut the old size at the drawn offsets, then mirror. images (n, C, H, W) of any dtype.

    `black` is a number, or one per channel as (C, 1, 1).
    """
    if draws.pad:
        images = _crop(images, draws, black)
    return torch.where(draws.flip[:, None, None, None], images.flip(-1), images)


def _crop(images: Tensor, draws: Draws, black: Tensor | float) -> Tensor:
    count, channels, height, width = images.shape
    pad = draws.pad
    room = images.new_empty(count, channels, height + 2 * pad, width + 2 * pad)
    room[:] = black
    room[:, :, pad : pad + height, pad : pad + width] = images
    windows = room.unfold(2, height, 1).unfold(3, width, 1)
    return windows[torch.arange(count, device=images.device), :, draws.top, draws.left]
