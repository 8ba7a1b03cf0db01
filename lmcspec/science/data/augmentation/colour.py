"""Random colours of decoded images in [0, 1], for whole batches on their device: jitter, then lighting.

As the code of IDC has it for ImageNet, after that of Facebook's ResNets: nothing is cut off in between.

- jitter j: brightness, contrast and saturation, one after the other in an order drawn for each image. Each is
  x <- x + a (g - x) with a uniform in [-j, j] and g black, the mean of the image's grey, or its grey; grey is
  0.299 R + 0.587 G + 0.114 B.
- lighting s: a multiple of each principal component of ImageNet's pixels is added, N(0, s) times its eigenvalue
  (Krizhevsky et al. 2012).
"""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import torch
from torch import Tensor

from lmcspec.base import streams
from lmcspec.catalog.augmentations.colour import Colour
from lmcspec.science.data.augmentation.augment import ByImage, Epoch

GREY = (0.299, 0.587, 0.114)
EIGENVALUES = (0.2175, 0.0188, 0.0045)
COMPONENTS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))
"""A row for each of R, G and B, a column for each component."""
_ORDERS = tuple(permutations(range(3)))


@dataclass(frozen=True, slots=True, eq=False)
class Colours(ByImage):
    """The order of each image's three changes, int64 (n, 3); their a (n, 3); what lighting adds (n, 3)."""

    order: Tensor
    amounts: Tensor
    shift: Tensor

    def __call__(self, images: Tensor, black: Tensor | float = 0) -> Tensor:
        """Images float32 (n, C, H, W) in [0, 1], changed; C is 1 or 3. Grey ones have no saturation and one light."""
        weights = images.new_tensor(GREY if images.shape[1] == 3 else (1.0,)).view(1, -1, 1, 1)
        for step in range(3):
            which = self.order[:, step].view(-1, 1, 1, 1)
            amount = self.amounts.gather(1, self.order[:, step : step + 1]).view(-1, 1, 1, 1)
            grey = (images * weights).sum(1, keepdim=True)
            goal = torch.where(which == 1, grey.mean((2, 3), keepdim=True), grey)
            goal = torch.where(which == 0, torch.zeros_like(goal), goal)
            images = images + amount * (goal - images)
        shift = self.shift if images.shape[1] == 3 else self.shift.mean(1, keepdim=True)
        return images + shift[:, :, None, None]


def drawn(settings: Colour, epoch: Epoch) -> Colours | None:
    """The draws of an epoch: number p is for position p of its order. None if nothing changes."""
    if not (settings.jitter or settings.lighting):
        return None
    count, where = epoch.count, epoch.at()
    order = np.array(_ORDERS)[streams.integers(count, len(_ORDERS), *where, "jitter-order")]
    changes = ("brightness", "contrast", "saturation")
    uniforms = np.stack([streams.uniforms(count, *where, f"jitter-{what}") for what in changes], 1)
    normals = streams.normals(3 * count, *where, "lighting").reshape(count, 3) * settings.lighting
    shift = (normals * EIGENVALUES) @ np.array(COMPONENTS).T
    amounts = (2 * uniforms - 1) * settings.jitter
    return Colours(torch.from_numpy(order), torch.from_numpy(amounts).float(), torch.from_numpy(shift).float())
