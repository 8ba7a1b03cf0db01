"""MNIST from its official idx files. No torch."""

from pathlib import Path

from lmcspec.catalog import Named
from lmcspec.catalog.datasets import mnist as card
from lmcspec.science.data.arrays import Arrays
from lmcspec.science.data.sets import official
from lmcspec.science.data.sets.idx import read_pairs

_FETCH = "python -c \"from torchvision.datasets import MNIST; MNIST('ROOT', download=True)\""


def load(config: Named, root: Path | None) -> Arrays:
    """60,000 training and 10,000 test images, uint8 (n, 1, 28, 28), from the four files in root/MNIST/raw.

    Raises MissingData where one is not there, DataError where they are not MNIST.
    """
    return official.load(card.CARD, root, read, _FETCH)


def read(root: Path) -> Arrays:
    """Training and test images of MNIST, from its four files."""
    return read_pairs([root / name for name in card.CARD.files], classes=10)
