"""CIFAR-10 as its authors publish it."""

from typing import Literal

from lmcspec.base.facts import DataFacts
from lmcspec.catalog.card import DatasetCard
from lmcspec.catalog.config import Named


class Cifar10(Named):
    """The official python batches in `root/cifar-10-batches-py`, as torchvision lays them."""

    name: Literal["cifar10"] = "cifar10"


CARD = DatasetCard(
    doc="CIFAR-10, 50,000 + 10,000 images of 32x32 pixels in 10 classes",
    config=Cifar10,
    implementation="lmcspec.science.data.sets.cifar:load",
    source="Krizhevsky 2009; mean and std as they are commonly given for its training images",
    facts="lmcspec.science.data.sets.cifar:facts",
    expected=DataFacts("", 50_000, 10_000, 10, (3, 32, 32), known=False),
    files=(*(f"cifar-10-batches-py/data_batch_{number}" for number in range(1, 6)), "cifar-10-batches-py/test_batch"),
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2470, 0.2435, 0.2616),
)
