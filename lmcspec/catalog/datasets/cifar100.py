"""CIFAR-100 as its authors publish it."""

from typing import Literal

from lmcspec.base.facts import DataFacts
from lmcspec.catalog.card import DatasetCard
from lmcspec.catalog.config import Named


class Cifar100(Named):
    """The official python files in `root/cifar-100-python`, as torchvision lays them; fine labels."""

    name: Literal["cifar100"] = "cifar100"


CARD = DatasetCard(
    doc="CIFAR-100, 50,000 + 10,000 images of 32x32 pixels in 100 classes",
    config=Cifar100,
    implementation="lmcspec.science.data.sets.cifar:load_100",
    source="Krizhevsky 2009; mean and std as they are commonly given for its training images",
    facts="lmcspec.science.data.sets.cifar:facts_100",
    expected=DataFacts("", 50_000, 10_000, 100, (3, 32, 32), known=False),
    files=("cifar-100-python/train", "cifar-100-python/test"),
    mean=(0.5071, 0.4865, 0.4409),
    std=(0.2673, 0.2564, 0.2762),
)
