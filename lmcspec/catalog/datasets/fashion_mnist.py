"""Fashion-MNIST."""

from typing import Literal

from lmcspec.base.facts import DataFacts
from lmcspec.catalog.card import DatasetCard
from lmcspec.catalog.config import Named


class FashionMnist(Named):
    """The official idx files in `root/FashionMNIST/raw`, as torchvision lays them."""

    name: Literal["fashion-mnist"] = "fashion-mnist"


CARD = DatasetCard(
    doc="Fashion-MNIST, 60,000 + 10,000 pieces of clothing of 28x28 pixels",
    config=FashionMnist,
    implementation="lmcspec.science.data.sets.fashion_mnist:load",
    source="Xiao, Rasul & Vollgraf 2017; mean and std as they are commonly given for its training images",
    facts="lmcspec.science.data.sets.fashion_mnist:facts",
    expected=DataFacts("", 60_000, 10_000, 10, (1, 28, 28), known=False),
    files=tuple(
        f"FashionMNIST/raw/{part}-{what}-ubyte" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1")
    ),
    mean=(0.2860,),
    std=(0.3530,),
)
