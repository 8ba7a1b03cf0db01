"""Fashion-MNIST from its official idx files. No torch."""

from pathlib import Path

from lmcspec.base.facts import DataFacts
from lmcspec.catalog import Named
from lmcspec.catalog.datasets import fashion_mnist as card
from lmcspec.science.data.arrays import Arrays
from lmcspec.science.data.sets import official
from lmcspec.science.data.sets.idx import read_pairs

_FETCH = "python -c \"from torchvision.datasets import FashionMNIST; FashionMNIST('ROOT', download=True)\""


def load(config: Named, root: Path | None) -> Arrays:
    """60,000 training and 10,000 test images, uint8 (n, 1, 28, 28), from root/FashionMNIST/raw."""
    return official.load(card.CARD, root, read, _FETCH)


def facts(config: Named, root: Path | None) -> DataFacts:
    """The facts of the set that the files of Fashion-MNIST hold."""
    return official.facts(card.CARD, root, read, _FETCH)


def read(root: Path) -> Arrays:
    """Training and test images of Fashion-MNIST, from its four files."""
    return read_pairs([root / name for name in card.CARD.files], classes=10)
