"""Images mirrored left to right, each with probability 1/2."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lmcspec.base import streams
from lmcspec.catalog.augmentations.flip import Flip
from lmcspec.science.data.augmentation.augment import ByImage, Epoch


@dataclass(frozen=True, slots=True, eq=False)
class Mirrored(ByImage):
    """Mirrors those of n images that `which` names, bool (n,)."""

    which: Tensor

    def __call__(self, images: Tensor, black: Tensor | float = 0) -> Tensor:
        """The images (n, C, H, W) of any dtype, some of them mirrored."""
        return torch.where(self.which[:, None, None, None], images.flip(-1), images)


def drawn(settings: Flip, epoch: Epoch) -> Mirrored | None:
    """The draws of an epoch; None without `flip`."""
    if not settings.flip:
        return None
    return Mirrored(torch.from_numpy(streams.uniforms(epoch.count, *epoch.at(), "flip") < 0.5))
