"""A data set as decoded: plain uint8 arrays, and the digest that names them. No torch."""

import hashlib
from dataclasses import dataclass

import numpy as np

from lmcspec.base import ids
from lmcspec.base.errors import BlockedError
from lmcspec.base.facts import DataFacts

_COUNTED = 4096
"""Images that are counted at a time: a set may be larger than memory."""


class DataError(BlockedError):
    """Data that are damaged, incomplete, or not what was declared."""


class MissingData(DataError, FileNotFoundError):
    """There are no files of a data set where it is looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """Images uint8 (n, channels, height, width), labels int64 (n,) in 0 … classes-1, for training and for testing.

    `scale` is the value of full brightness: images divided by it lie in [0, 1]. A study may have set training images
    aside for validation; a loader never does, and the digest is that of a set without.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: int
    scale: float = 255.0
    validation: tuple[np.ndarray, np.ndarray] | None = None
    names: tuple[str, ...] = ()
    """Names of the classes in the order of their labels, where they have some."""
    digest: str = ""
    """The digest of the arrays, where whoever loaded them knows it."""

    def __post_init__(self) -> None:
        splits = (self.train_images, self.train_labels), (self.test_images, self.test_labels), self.validation
        for images, labels in filter(None, splits):
            if images.dtype != np.uint8 or images.ndim != 4:
                raise ValueError(f"images must be uint8 (n, C, H, W), not {images.dtype} {images.shape}")
            if labels.dtype != np.int64 or labels.shape != images.shape[:1]:
                raise ValueError(f"labels must be int64 ({len(images)},), not {labels.dtype} {labels.shape}")
            if len(labels) and not (labels.min() >= 0 and labels.max() < self.classes):
                raise ValueError(f"labels must lie in 0 … {self.classes - 1}")
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise ValueError(f"train and test differ in shape: {self.train_images.shape}, {self.test_images.shape}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an image."""
        _, channels, height, width = self.train_images.shape
        return channels, height, width


def digest(arrays: Arrays) -> str:
    """The name of the decoded arrays, 64 hex digits; equal for equal pixels and labels, wherever they lie."""
    return combine(
        arrays.classes,
        arrays.shape,
        arrays.scale,
        (image_digests(arrays.train_images), arrays.train_labels),
        (image_digests(arrays.test_images), arrays.test_labels),
    )


def facts(arrays: Arrays) -> DataFacts:
    """The facts that a plan takes of a data set: digest, sizes, classes, shape."""
    sizes = np.bincount(arrays.train_labels, minlength=arrays.classes).tolist()
    return DataFacts(
        digest(arrays),
        len(arrays.train_labels),
        len(arrays.test_labels),
        arrays.classes,
        arrays.shape,
        names=arrays.names,
        sizes=tuple(sizes),
    )


def image_digests(images: np.ndarray) -> np.ndarray:
    """sha256 of each image's bytes in order (channel, row, column): uint8 (n, 32)."""
    joined = b"".join(hashlib.sha256(np.ascontiguousarray(image).data).digest() for image in images)
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, 32)


def combine(
    classes: int,
    shape: tuple[int, int, int],
    scale: float,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
) -> str:
    """The digest of a data set from (image digests, labels) of its two splits, without the pixels.

    A split is sha256 over its images in order, each as its own sha256 followed by its label in 8 bytes,
    little-endian.
    """
    return ids.digest(
        {
            "classes": classes,
            "shape": list(shape),
            "scale": scale,
            "train": _split_digest(*train),
            "test": _split_digest(*test),
        }
    )


def channel_statistics(arrays: Arrays) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of the training images scaled to [0, 1], per channel, exact from counts."""
    means, deviations = [], []
    for channel in range(arrays.shape[0]):
        counts = np.zeros(256, dtype=np.int64)
        for start in range(0, len(arrays.train_images), _COUNTED):
            part = arrays.train_images[start : start + _COUNTED, channel]
            counts += np.bincount(part.reshape(-1), minlength=256)
        values = np.arange(256) / arrays.scale
        mean = float(counts @ values / counts.sum())
        means.append(mean)
        deviations.append(float(np.sqrt(counts @ (values - mean) ** 2 / counts.sum())))
    return tuple(means), tuple(deviations)


def _split_digest(digests: np.ndarray, labels: np.ndarray) -> str:
    rows = np.concatenate([digests, labels.astype("<i8").view(np.uint8).reshape(-1, 8)], axis=1)
    return hashlib.sha256(np.ascontiguousarray(rows).data).hexdigest()
