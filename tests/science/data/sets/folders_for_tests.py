"""Image folders of a few pixels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lmcspec.catalog.datasets.folder import Folder
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.sets import folder

CONFIG = Folder()
LATER = 10**10
"""Nanoseconds."""


def pixels(seed: int, size=(5, 4)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)


def put(path, image) -> None:
    """Write an image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def two_classes(root: Path) -> Path:
    """Three training images and two test images of each class, of 5x4 pixels each, as PNG."""
    for s, (split, count) in enumerate((("train", 3), ("test", 2))):
        for c, name in enumerate(("cat", "dog")):
            for i in range(count):
                put(root / split / name / f"{i}.png", pixels(100 * s + 10 * c + i))
    return root


def complaint(root) -> DataError:
    """What loading the folder is refused with."""
    with pytest.raises(DataError) as caught:
        folder.load(CONFIG, root)
    assert caught.value.help
    return caught.value
