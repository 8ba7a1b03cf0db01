"""SVHN's cropped digits from their official MATLAB files. No torch."""

import struct
from pathlib import Path

import numpy as np

from lmcspec.base.facts import DataFacts
from lmcspec.catalog import Named
from lmcspec.catalog.datasets import svhn as card
from lmcspec.science.data.arrays import Arrays
from lmcspec.science.data.sets import official
from lmcspec.science.data.sets.matlab import read_mat

_EACH = [f"SVHN('ROOT', '{part}', download=True)" for part in ("train", "test")]
_FETCH = f'python -c "from torchvision.datasets import SVHN; {_EACH[0]}; {_EACH[1]}"'


def load(config: Named, root: Path | None) -> Arrays:
    """73,257 training and 26,032 test images, uint8 (n, 3, 32, 32), from root/train_32x32.mat and test_32x32.mat."""
    return official.load(card.CARD, root, read, _FETCH)


def facts(config: Named, root: Path | None) -> DataFacts:
    """The facts of the set that the files of SVHN hold."""
    return official.facts(card.CARD, root, read, _FETCH)


def read(root: Path) -> Arrays:
    """Both files. There X is (32, 32, 3, n), and the digit 0 has the label 10."""
    parts = []
    for name in card.CARD.files:
        parts += _part(root / name)
    return Arrays(*parts, classes=10)


def _part(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 3, 32, 32) and labels (n,) of a file. ValueError, which names it, for anything else."""
    try:
        content = read_mat(path, ("X", "y"))
        images, digits = content["X"], content["y"].reshape(-1)
    except (ValueError, LookupError, struct.error) as error:
        raise ValueError(f"{path} is no such file of MATLAB: {error or type(error).__name__}") from error
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[:3] != (32, 32, 3):
        raise ValueError(f"{path} holds images {images.dtype} {images.shape}, not bytes (32, 32, 3, n)")
    if len(digits) != images.shape[3]:
        raise ValueError(f"{path} has {len(digits):,} labels for {images.shape[3]:,} images")
    if digits.dtype.kind not in "biuf" or not np.isin(digits, np.arange(11)).all():
        raise ValueError(f"{path} has labels that are not 1 … 10")
    return np.ascontiguousarray(images.transpose(3, 2, 0, 1)), digits.astype(np.int64) % 10
