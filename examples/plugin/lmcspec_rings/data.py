"""Rings: images made by numbers that only their place in the set decides, so that they are the same everywhere."""

from functools import cache
from pathlib import Path

import numpy as np

from lmcspec.base.facts import DataFacts
from lmcspec.base.streams import permutation
from lmcspec.catalog import Named
from lmcspec.science.data.arrays import Arrays, digest

SIZE = 12
TRAIN, TEST = 256, 128


def load(config: Named, root: Path | None = None) -> Arrays:
    """256 training and 128 test images, uint8 (n, 1, 12, 12), labels 0 (small ring) and 1 (large)."""
    images, labels = _drawn(getattr(config, "noise", 0))
    return Arrays(images[:TRAIN], labels[:TRAIN], images[TRAIN:], labels[TRAIN:], classes=2)


def facts(config: Named, root: Path | None = None) -> DataFacts:
    """What plans know of it."""
    arrays = load(config, root)
    return DataFacts(digest(arrays), TRAIN, TEST, arrays.classes, arrays.shape)


@cache
def _drawn(noise: int) -> tuple[np.ndarray, np.ndarray]:
    count = TRAIN + TEST
    labels = np.arange(count, dtype=np.int64) % 2
    rows, columns = np.mgrid[:SIZE, :SIZE]
    centres = 4 + permutation(count * 2, "split", "rings", "centres").reshape(count, 2) % 4
    distance = np.hypot(rows - centres[:, :1, None], columns - centres[:, 1:, None])
    ring = np.abs(distance - np.where(labels, 3.2, 1.6)[:, None, None]) < 0.7
    ground = permutation(count * SIZE**2, "split", "rings", "ground").reshape(count, SIZE, SIZE) % (noise + 1)
    return np.where(ring, 230, ground).astype(np.uint8)[:, None], labels
