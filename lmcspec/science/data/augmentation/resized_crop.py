"""Random parts of images brought to one size (RandomResizedCrop of torchvision), for whole batches on their device.

A part is drawn as torchvision draws it: up to ten attempts, each with a share of the area A uniform in `scale` and the
logarithm of width / height uniform in those of `ratio`; the first whose sides, rounded, fit the image is placed
uniformly. Where none fits, it is the largest central part whose width / height lies in `ratio`.

Bytes are resized as Pillow does it along each axis, to the bit: bilinear, widened by the factor by which the part
shrinks (antialiased), weights of 22 bits after the point, rounded to a byte; across and then down. That is what
torchvision makes of images of PIL, but that Pillow 13 goes down first where that is cheaper, which moves some bytes by
one. As it takes whole numbers only, no device rounds it in another way. Images that come as floating-point numbers get
the same weights in float32.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lmcspec.base import streams
from lmcspec.base.addresses import Where
from lmcspec.catalog.augmentations.random_resized_crop import RandomResizedCrop, ResizedCrop
from lmcspec.science.data.augmentation.augment import ByImage, Epoch

ATTEMPTS = 10
_BITS = 22
_PART = 128
"""Images that are resized at a time, so that their 32-bit sums need little room."""


@dataclass(frozen=True, slots=True, eq=False)
class Windows(ByImage):
    """The part of each image, int64 (n,) each, in pixels, and the size that it is brought to."""

    size: int
    top: Tensor
    left: Tensor
    height: Tensor
    width: Tensor

    def __call__(self, images: Tensor, black: Tensor | float = 0) -> Tensor:
        """The parts of images (n, C, H, W), uint8 or float32, as (n, C, size, size) of their dtype, on their device."""
        parts = []
        for start in range(0, len(images), _PART):
            part = slice(start, start + _PART)
            batch = self[part]
            across = _weights(batch.left, batch.width, images.shape[3], batch.size)
            down = _weights(batch.top, batch.height, images.shape[2], batch.size)
            parts.append(_weighted(_weighted(images[part], *across, 3), *down, 2))
        return torch.cat(parts) if len(parts) != 1 else parts[0]


def drawn(settings: RandomResizedCrop, epoch: Epoch) -> Windows | None:
    """The draws of an epoch, for which the height and width of the images has to be known; None where none is asked."""
    if settings.random_resized_crop is None:
        return None
    if epoch.stored is None:
        raise ValueError("a random resized crop needs the height and width of the images")
    return draw_windows(epoch.count, settings.random_resized_crop, epoch.stored, epoch.at())


def draw_windows(count: int, crop: ResizedCrop, stored: tuple[int, int], where: Where) -> Windows:
    """The parts of an epoch of `count` images of `stored` (height, width): number p for position p of its order.

    Attempt a has streams of its own for area and ratio; top and left are one draw each, of the attempt that fits.
    """
    room = np.array(stored, dtype=np.int64)
    sides = np.tile(_central(crop, stored), (count, 1))
    tops = (room - sides) // 2
    left = np.arange(count)
    drawn = [streams.uniforms(count, *where, f"window-{axis}") for axis in ("y", "x")]
    low, high = (math.log(bound) for bound in crop.ratio)
    for attempt in range(ATTEMPTS):
        if not len(left):
            break
        area, ratio = (streams.uniforms(count, *where, f"window-{what}-{attempt}")[left] for what in ("area", "ratio"))
        area = (crop.scale[0] + (crop.scale[1] - crop.scale[0]) * area) * stored[0] * stored[1]
        ratio = np.exp(low + (high - low) * ratio)
        sizes = np.rint(np.stack([np.sqrt(area / ratio), np.sqrt(area * ratio)], 1)).astype(np.int64)
        fits = ((sizes > 0) & (sizes <= room)).all(1)
        chosen = left[fits]
        sides[chosen] = sizes[fits]
        for axis in (0, 1):
            places = room[axis] - sizes[fits, axis] + 1
            tops[chosen, axis] = np.floor(drawn[axis][chosen] * places).astype(np.int64)
        left = left[~fits]
    columns = (tops[:, 0], tops[:, 1], sides[:, 0], sides[:, 1])
    return Windows(crop.size, *(torch.from_numpy(np.ascontiguousarray(column)) for column in columns))


def _central(crop: ResizedCrop, stored: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the largest part whose width / height lies in `ratio`."""
    height, width = stored
    if width / height < crop.ratio[0]:
        return round(width / crop.ratio[0]), width
    if width / height > crop.ratio[1]:
        return height, round(height * crop.ratio[1])
    return height, width


def _weights(start: Tensor, length: Tensor, extent: int, size: int) -> tuple[Tensor, Tensor]:
    """Which pixels of an axis make each of `size` new ones, int64 (n, size, k), and their weights, float64 alike.

    Pillow's numbers, in its order of operations, so that they are equal to the last bit.
    """
    most = math.ceil(max(1.0, extent / size)) * 2 + 1
    scale = length.double() / size
    reach = scale.clamp(min=1)[:, None]
    centre = (torch.arange(size, device=start.device, dtype=torch.float64) + 0.5) * scale[:, None]
    first = (centre - reach + 0.5).trunc().clamp(min=0)
    end = torch.minimum((centre + reach + 0.5).trunc(), length[:, None].double())
    place = first[..., None] + torch.arange(most, device=start.device, dtype=torch.float64)
    weight = (1 - ((place - centre[..., None] + 0.5) * (1 / reach)[..., None]).abs()).clamp(min=0)
    weight = weight.masked_fill(place >= end[..., None], 0.0)
    total = torch.zeros_like(centre)
    for number in range(most):
        total = total + weight[..., number]
    place = torch.minimum(place, length[:, None, None].double() - 1).long() + start[:, None, None]
    return place, weight / total[..., None]


def _weighted(images: Tensor, places: Tensor, weights: Tensor, axis: int) -> Tensor:
    """The images with one axis read at these places and weighted."""
    bytewise = images.dtype == torch.uint8
    weights = (weights * 2**_BITS + 0.5).int() if bytewise else weights.to(images.dtype)
    shape = list(images.shape)
    shape[axis] = places.shape[1]
    seen = (slice(None), None, None, slice(None)) if axis == 3 else (slice(None), None, slice(None), None)
    total = images.new_full(shape, 2 ** (_BITS - 1) if bytewise else 0, dtype=weights.dtype)
    for number in range(places.shape[2]):
        picked = images.gather(axis, places[..., number][seen].expand(shape))
        total += picked * weights[..., number][seen]
    return (total >> _BITS).clamp(0, 255).to(torch.uint8) if bytewise else total
