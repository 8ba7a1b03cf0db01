"""SVHN's cropped digits from their official MATLAB files. No torch."""

from pathlib import Path

import numpy as np

from lmcspec.base.facts import DataFacts
from lmcspec.catalog import Named
from lmcspec.catalog.datasets import svhn as card
from lmcspec.science.data import official
from lmcspec.science.data.arrays import Arrays

_EACH = [f"SVHN('ROOT', '{part}', download=True)" for part in ("train", "test")]
_FETCH = f'python -c "from torchvision.datasets import SVHN; {_EACH[0]}; {_EACH[1]}"'


def load(config: Named, root: Path | None) -> Arrays:
    """73,257 training and 26,032 test images, uint8 (n, 3, 32, 32), from root/train_32x32.mat and test_32x32.mat."""
    return official.load(card.CARD, root, read, _FETCH)


def facts(config: Named, root: Path | None) -> DataFacts:
    """What the files hold."""
    return official.facts(card.CARD, root, read, _FETCH)


def read(root: Path) -> Arrays:
    """Both files. There X is (32, 32, 3, n), and the digit 0 has the label 10."""
    from scipy.io import loadmat

    parts = []
    for name in card.CARD.files:
        try:
            content = loadmat(root / name, appendmat=False, variable_names=("X", "y"))
            parts.append(np.ascontiguousarray(content["X"].transpose(3, 2, 0, 1)))
            parts.append(content["y"].reshape(-1).astype(np.int64) % 10)
        except Exception as error:  # scipy raises anything for a damaged file, and names none
            raise ValueError(f"{root / name} is no such file of MATLAB: {error or type(error).__name__}") from error
    return Arrays(*parts, classes=10)
