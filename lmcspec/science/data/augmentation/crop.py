"""Images padded with black and cut to their old size somewhere."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lmcspec.base import streams
from lmcspec.catalog.augmentations.crop import Crop
from lmcspec.science.data.augmentation.augment import ByImage, Epoch


@dataclass(frozen=True, slots=True, eq=False)
class Shifted(ByImage):
    """Where each image is cut: offsets int64 (n,) in 0 … 2 `pad`."""

    pad: int
    top: Tensor
    left: Tensor

    def __call__(self, images: Tensor, black: Tensor | float = 0) -> Tensor:
        """The images (n, C, H, W) of any dtype, padded with black and cut."""
        count, channels, height, width = images.shape
        pad = self.pad
        room = images.new_empty(count, channels, height + 2 * pad, width + 2 * pad)
        room[:] = black
        room[:, :, pad : pad + height, pad : pad + width] = images
        windows = room.unfold(2, height, 1).unfold(3, width, 1)
        return windows[torch.arange(count, device=images.device), :, self.top, self.left]


def drawn(settings: Crop, epoch: Epoch) -> Shifted | None:
    """The draws of an epoch; None without `crop`."""
    if not settings.crop:
        return None
    offsets = (streams.integers(epoch.count, 2 * settings.crop + 1, *epoch.at(), what) for what in ("crop-y", "crop-x"))
    return Shifted(settings.crop, *map(torch.from_numpy, offsets))
