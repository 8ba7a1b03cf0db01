"""The space in which images are seen by networks: raw, standardised, or whitened (ZCA)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from lmcspec.science.data.cache import cache_folder, keep_array, kept_array
from lmcspec.science.data.spaces import Space

_ROWS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Whitening:
    """Mean image (D,) and symmetric matrix W (D, D), float32, D = channels x height x width."""

    mean: Tensor
    matrix: Tensor

    def digest(self) -> str:
        """A name for these numbers, 32 hex digits."""
        return hashlib.sha256(self.mean.numpy().tobytes() + self.matrix.numpy().tobytes()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """How decoded images enter a space: uint8, or float32 with a scale of 1, (n, C, H, W) to float32 of that shape."""

    scale: float
    mean: Tensor | None = None
    std: Tensor | None = None
    whitening: Whitening | None = None

    def __call__(self, images: Tensor) -> Tensor:
        """x / scale, then what the space asks for."""
        x = images.to(torch.float32, copy=True).div_(self.scale)
        if self.mean is not None and self.std is not None:
            return x.sub_(self.mean).div_(self.std)
        if self.whitening is not None:
            return torch.mm(x.flatten(1).sub_(self.whitening.mean), self.whitening.matrix).view(x.shape)
        return x


def conversion(space: Space, scale: float, device: torch.device, whitening: Whitening | None = None) -> Conversion:
    """The conversion with its numbers on a device."""
    if space.name == "standardised":
        mean, std = (torch.tensor(values, dtype=torch.float32, device=device) for values in (space.mean, space.std))
        return Conversion(scale, mean.view(-1, 1, 1), std.view(-1, 1, 1))
    if whitening is not None:
        whitening = Whitening(whitening.mean.to(device), whitening.matrix.to(device))
    return Conversion(scale, whitening=whitening)


def of_floats(conversion: Conversion) -> Conversion:
    """The conversion of images that are scaled to [0, 1] already into the same space."""
    return replace(conversion, scale=1.0)


def fit(images: np.ndarray, scale: float, eps: float) -> Whitening:
    """The whitening of training images uint8 (n, C, H, W): mean and eigenvectors in float64, rounded to float32.

    Kept in the user's cache folder, because 3,072 dimensions take the better part of a minute.
    """
    mean_path, matrix_path = (
        cache_folder("zca", f"{_content(images)}-{scale:g}-{eps:g}.{part}.npy") for part in ("mean", "matrix")
    )
    mean, matrix = kept_array(mean_path), kept_array(matrix_path)
    if mean is None or matrix is None:
        centre, covariance = moments(images, scale)
        values, vectors = torch.linalg.eigh(covariance)
        whitening = (vectors / torch.sqrt(values.clamp(min=0) + eps)) @ vectors.T
        mean = keep_array(mean_path, centre.float().numpy())
        matrix = keep_array(matrix_path, whitening.float().numpy())
    return Whitening(torch.from_numpy(mean), torch.from_numpy(matrix))


def moments(images: np.ndarray, scale: float) -> tuple[Tensor, Tensor]:
    """Mean (D,) and covariance (D, D), divided by n, of the images scaled to [0, 1] and flattened, in float64."""
    count, width = len(images), int(np.prod(images.shape[1:]))
    total = torch.zeros(width, dtype=torch.float64)
    for rows in _chunks(images):
        total += rows.to(torch.float64).sum(0)
    mean = total / (count * scale)
    covariance = torch.zeros(width, width, dtype=torch.float64)
    for rows in _chunks(images):
        centred = rows.to(torch.float64).div_(scale).sub_(mean)
        covariance.addmm_(centred.T, centred)
    return mean, covariance.div_(count)


def whitened(images: np.ndarray, scale: float, whitening: Whitening, key: str = "") -> np.ndarray:
    """Images in `zca`, float32 (n, C, H, W). With a key they are kept in the user's cache folder and mapped."""
    path = cache_folder("zca", f"{_content(images)}-{scale:g}-{key}.images.npy") if key else None
    kept = kept_array(path) if path else None
    if kept is not None:
        return kept
    convert = Conversion(scale, whitening=whitening)
    out = np.empty(images.shape, dtype=np.float32)
    for start in range(0, len(images), _ROWS):
        out[start : start + _ROWS] = convert(as_tensor(images[start : start + _ROWS])).numpy()
    return keep_array(path, out) if path else out


def _content(images: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()[:32]


def _chunks(images: np.ndarray) -> Iterator[Tensor]:
    for start in range(0, len(images), _ROWS):
        yield as_tensor(images[start : start + _ROWS]).flatten(1)


def as_tensor(array: np.ndarray) -> Tensor:
    """The array as a tensor over the same memory; a copy where it is read-only."""
    return torch.from_numpy(array if array.flags.writeable else array.copy())
