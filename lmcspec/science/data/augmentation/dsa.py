"""Differentiable siamese augmentation (DSA, Zhao & Bilen 2021) of whole batches on their device, in the images' space.

Transforms and their parameters, drawn per image:

- color: x + U(-1/2, 1/2); then (x - c) U(0, 2) + c with c the mean over channels of each pixel; then
  (x - m) U(1/2, 3/2) + m with m the mean of the whole image.
- crop: shifted by up to floor(size / 8 + 1/2) pixels up or down and left or right.
- cutout: a rectangle of half the height and half the width, its centre anywhere, is set to 0.
- flip: mirrored left to right with probability 1/2.
- scale: the grid in which the image is read is stretched by U(1/1.2, 1.2) per axis, so it shrinks or grows.
- rotate: by U(-15, 15) degrees.

What comes in from outside is 0 in the images' space, as in the published code: the mean colour where images are
standardised, not black. Values between pixels are bilinear.

Styles: `dc` draws one of the named transforms for each batch, as the code of DC and DSA does. `mtt` is the same but
that its grids align corners. `idc` flips and colours every batch if these are named, then does one of crop, scale and
rotate, then cuts out, as the code of IDC does.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, pad

from lmcspec.base import streams
from lmcspec.base.addresses import Where
from lmcspec.base.sgd_noise import TrainingNoise
from lmcspec.catalog.augmentations.dsa import Dsa
from lmcspec.science.data.augmentation.augment import Epoch

RATIO_SCALE = 1.2
DEGREES = 15.0
_DRAWN = {
    "color": ("brightness", "saturation", "contrast"),
    "crop": ("crop-y", "crop-x"),
    "cutout": ("cutout-y", "cutout-x"),
    "flip": ("flip",),
    "rotate": ("rotate",),
    "scale": ("scale-y", "scale-x"),
}
"""The streams of each transform, all uniform on [0, 1)."""
_MOVES = ("crop", "rotate", "scale")


@dataclass(frozen=True, slots=True, eq=False)
class DsaDraws:
    """Draws of an epoch: which transforms each batch goes through, in order, and uniforms float64 (n,) by stream."""

    transforms: tuple[tuple[str, ...], ...]
    uniforms: Mapping[str, np.ndarray]
    align_corners: bool

    def __call__(self, images: Tensor, labels: Any, number: int, part: slice) -> tuple[Tensor, Any]:
        """A batch with its images augmented."""
        return apply_dsa(images, self, number, part), labels


def drawn(settings: Dsa, epoch: Epoch) -> DsaDraws | None:
    """The draws of an epoch; None without transforms."""
    return draw_dsa(epoch.count, epoch.batch, settings, epoch.noise, epoch.number)


def draw_dsa(count: int, batch: int, augmentation: Dsa, noise: TrainingNoise, epoch: int) -> DsaDraws | None:
    """The draws of an epoch of `count` images in batches of `batch`; None where the recipe asks for none.

    Number p of a stream is for the image at position p of the epoch's order, number b of `dsa-family` for batch b.
    """
    if not augmentation.dsa:
        return None
    where = noise.at("augment", epoch)
    named = augmentation.dsa.split("_")
    batches = -(-count // batch)
    drawn = [what for transform in named for what in _DRAWN[transform]]
    return DsaDraws(
        _transforms(named, augmentation.dsa_style, batches, where),
        {what: streams.uniforms(count, *where, f"dsa-{what}") for what in drawn},
        augmentation.dsa_style == "mtt",
    )


@dataclass(frozen=True, slots=True, eq=False)
class Siamese:
    """One change for every image of a batch: transforms in order, and one uniform by stream."""

    transforms: tuple[str, ...]
    uniforms: Mapping[str, float]
    align_corners: bool

    def __call__(self, images: Tensor) -> Tensor:
        """The images float32 (n, C, H, W), changed; differentiable."""
        same = {what: np.full(len(images), value) for what, value in self.uniforms.items()}
        return apply_dsa(images, DsaDraws((self.transforms,), same, self.align_corners), 0, slice(None))


def siamese(dsa: str, style: str, where: Where) -> Siamese:
    """The transforms of `dsa`, with the same parameters for whatever they are applied to: drawn at this address."""
    named = dsa.split("_") if dsa else []
    drawn = [what for transform in named for what in _DRAWN[transform]]
    uniforms = {what: float(streams.uniforms(1, *where, f"dsa-{what}")[0]) for what in drawn}
    return Siamese(_transforms(named, style, 1, where)[0], uniforms, style == "mtt")


def _transforms(named: Sequence[str], style: str, batches: int, where: Where) -> tuple[tuple[str, ...], ...]:
    """The transforms of each batch, in the order in which they are done."""
    choice = [transform for transform in named if style != "idc" or transform in _MOVES]
    if choice:
        chosen = streams.integers(batches, len(choice), *where, "dsa-family")
        middles = [(choice[number],) for number in chosen.tolist()]
    else:
        middles = [()] * batches
    if style != "idc":
        return tuple(middles)
    before = tuple(transform for transform in ("flip", "color") if transform in named)
    after = tuple(transform for transform in ("cutout",) if transform in named)
    return tuple((*before, *middle, *after) for middle in middles)


def apply_dsa(images: Tensor, draws: DsaDraws, number: int, part: slice) -> Tensor:
    """The images float32 (n, C, H, W) of batch `number`, at the positions `part` of the epoch, augmented."""
    for transform in draws.transforms[number]:
        drawn = [draws.uniforms[what][part] for what in _DRAWN[transform]]
        match transform:
            case "color":
                images = _color(images, drawn)
            case "crop":
                images = _crop(images, drawn)
            case "cutout":
                images = _cutout(images, drawn)
            case "flip":
                images = torch.where(_column(drawn[0] < 0.5, images), images.flip(-1), images)
            case "rotate":
                angle = (2 * drawn[0] - 1) * DEGREES * math.pi / 180
                images = _read_through(images, np.cos(angle), -np.sin(angle), draws.align_corners)
            case _:
                y, x = (1 / RATIO_SCALE + (RATIO_SCALE - 1 / RATIO_SCALE) * values for values in drawn)
                images = _read_through(images, (x, y), 0 * x, draws.align_corners)
    return images


def _column(values: np.ndarray, images: Tensor) -> Tensor:
    """One value per image, shaped to meet (n, C, H, W), where the images are."""
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    return tensor.to(images.device, torch.bool if values.dtype == bool else images.dtype)[:, None, None, None]


def _color(images: Tensor, drawn: Sequence[np.ndarray]) -> Tensor:
    brightness, saturation, contrast = (_column(values, images) for values in drawn)
    images = images + (brightness - 0.5)
    grey = images.mean(1, keepdim=True)
    images = (images - grey) * (2 * saturation) + grey
    mean = images.mean((1, 2, 3), keepdim=True)
    return (images - mean) * (contrast + 0.5) + mean


def _crop(images: Tensor, drawn: Sequence[np.ndarray]) -> Tensor:
    count, _, height, width = images.shape
    most = [int(size / 8 + 0.5) for size in (height, width)]
    top, left = (
        torch.from_numpy(np.floor(values * (2 * room + 1)).astype(np.int64)).to(images.device)
        for values, room in zip(drawn, most, strict=True)
    )
    room = pad(images, (most[1], most[1], most[0], most[0]))
    windows = room.unfold(2, height, 1).unfold(3, width, 1)
    return windows[torch.arange(count, device=images.device), :, top, left]


def _cutout(images: Tensor, drawn: Sequence[np.ndarray]) -> Tensor:
    """The rectangle covers size / 2 rounded, from its centre less half of that; what lies outside is cut off."""
    inside = []
    for values, size in zip(drawn, images.shape[2:], strict=True):
        side = int(size / 2 + 0.5)
        first = np.floor(values * (size + 1 - side % 2)).astype(np.int64) - side // 2
        places = np.arange(size)[None]
        inside.append(torch.from_numpy((places >= first[:, None]) & (places < first[:, None] + side)))
    rows, columns = (mask.to(images.device) for mask in inside)
    return images.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)


def _read_through(
    images: Tensor, diagonal: np.ndarray | tuple[np.ndarray, np.ndarray], other: np.ndarray, align_corners: bool
) -> Tensor:
    """Each image read at ((a, b), (-b, c)) (x, y), with a, c the diagonal, b the other, and x, y in [-1, 1]."""
    a, c = diagonal if isinstance(diagonal, tuple) else (diagonal, diagonal)
    zero = np.zeros_like(other)
    theta = np.stack([np.stack([a, other, zero], -1), np.stack([-other, c, zero], -1)], 1)
    grid = affine_grid(
        torch.from_numpy(theta).to(images.device, images.dtype), list(images.shape), align_corners=align_corners
    )
    return grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=align_corners)
