"""Random crops and flips of whole batches on their device, drawn by position in an epoch's order."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lmcspec.base import streams
from lmcspec.base.sgd_noise import TrainingNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.science.data.augmentation.colour import Colours, draw_colours
from lmcspec.science.data.augmentation.resized_crop import Windows, draw_windows, resized


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """What happens to each image: offsets of its crop, int64 (n,) in 0 … 2 `pad`, and whether it is mirrored.

    With `windows`, before that: which part of it is taken and resized.
    """

    pad: int
    top: Tensor
    left: Tensor
    flip: Tensor
    windows: Windows | None = None
    colours: Colours | None = None
    """What becomes of its colours, after all that and before it enters its space."""

    def __getitem__(self, part: slice) -> "Draws":
        windows, colours = self.windows and self.windows[part], self.colours and self.colours[part]
        return Draws(self.pad, self.top[part], self.left[part], self.flip[part], windows, colours)

    def to(self, device: torch.device | str) -> "Draws":
        """The same draws on another device."""
        windows, colours = self.windows and self.windows.to(device), self.colours and self.colours.to(device)
        return Draws(self.pad, self.top.to(device), self.left.to(device), self.flip.to(device), windows, colours)


def draw(
    count: int, augmentation: Augment, noise: TrainingNoise, epoch: int, stored: tuple[int, int] | None = None
) -> Draws | None:
    """The draws of an epoch of `count` images: number p is for the image at position p of the epoch's order.

    None where the recipe changes nothing. Each kind of draw has its own stream, so that turning one off leaves the
    others as they are. A random resized crop needs to know the height and width of the `stored` images.
    """
    where = noise.at("augment", epoch)
    colours = draw_colours(count, augmentation, where)
    if not (augmentation.crop or augmentation.flip or augmentation.random_resized_crop or colours):
        return None
    still = np.zeros(count, dtype=np.int64)
    top, left = (
        streams.integers(count, 2 * augmentation.crop + 1, *where, what) if augmentation.crop else still
        for what in ("crop-y", "crop-x")
    )
    flip = streams.uniforms(count, *where, "flip") < 0.5 if augmentation.flip else still > 0
    windows = None
    if augmentation.random_resized_crop is not None:
        if stored is None:
            raise ValueError("a random resized crop needs the height and width of the images")
        windows = draw_windows(count, augmentation.random_resized_crop, stored, where)
    down, right, mirrored = (torch.from_numpy(each) for each in (top, left, flip))
    return Draws(augmentation.crop, down, right, mirrored, windows, colours)


def augment(images: Tensor, draws: Draws, black: Tensor | float = 0) -> Tensor:
    """Pad with black, cut the old size at the drawn offsets, then mirror. images (n, C, H, W) of any dtype.

    Windows come before all that; their images are uint8 or float32. Colours are left to `coloured`. `black` is a
    number, or one per channel as (C, 1, 1).
    """
    if draws.windows is not None:
        images = resized(images, draws.windows)
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
