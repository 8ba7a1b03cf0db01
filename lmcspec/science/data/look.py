"""Images as a person can look at them: back from their space, in a grid, as PNG."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lmcspec.science.data.space import Conversion

SIDE = 64
"""Pixels to which smaller images are enlarged, at least."""
GAP = 2


def visible(images: Tensor, conversion: Conversion | None) -> Tensor:
    """Images float32 (n, C, H, W) brought back from the space into which `conversion` brings, as uint8.

    Standardised ones as x std + mean, whitened ones by solving W y = x for y and adding the mean image. What then lies
    outside [0, 1] is cut off.
    """
    x = images.detach().float().cpu()
    if conversion is not None and conversion.mean is not None and conversion.std is not None:
        x = x * conversion.std.cpu() + conversion.mean.cpu()
    elif conversion is not None and conversion.whitening is not None:
        matrix, mean = conversion.whitening.matrix.cpu().double(), conversion.whitening.mean.cpu()
        x = torch.linalg.solve(matrix, x.flatten(1).double().T).T.float().add(mean).view(x.shape)
    return x.clamp(0, 1).mul(255).round().to(torch.uint8)


def save_grid(path: Path, images: Tensor, columns: int) -> None:
    """Write images uint8 (n, C, H, W), C of 1 or 3, as a PNG with so many in a row, from left to right and down.

    Small ones are enlarged by a whole factor without smoothing. Equal images make equal bytes.
    """
    from PIL import Image

    count, channels, height, width = images.shape
    rows = -(-count // columns)
    canvas = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, 3), 255, dtype=np.uint8)
    for place, image in enumerate(images.numpy()):
        row, column = divmod(place, columns)
        top, left = GAP + row * (height + GAP), GAP + column * (width + GAP)
        canvas[top : top + height, left : left + width] = np.broadcast_to(
            image.transpose(1, 2, 0), (height, width, 3) if channels == 1 else image.transpose(1, 2, 0).shape
        )
    times = max(1, -(-SIDE // max(height, width)))
    Image.fromarray(canvas.repeat(times, 0).repeat(times, 1)).save(path, format="PNG", optimize=False)
