"""MNIST."""

from typing import Literal

from lmcspec.base.facts import DataFacts
from lmcspec.catalog.card import DatasetCard
from lmcspec.catalog.config import Named


class Mnist(Named):
    """The official idx files in `root/MNIST/raw`, as torchvision lays them."""

    name: Literal["mnist"] = "mnist"


CARD = DatasetCard(
    doc="MNIST, 60,000 + 10,000 handwritten digits of 28x28 pixels",
    config=Mnist,
    implementation="lmcspec.science.data.sets.mnist:load",
    source="LeCun, Cortes & Burges 1998",
    facts=DataFacts(
        digest="b07726ccb02605edcfd30f3e3e5f575cc02219fe9a99262a9cb6de967de637e6",
        train=60_000,
        test=10_000,
        classes=10,
        shape=(1, 28, 28),
        sizes=(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    ),
    files=tuple(
        f"MNIST/raw/{part}-{what}-ubyte" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1")
    ),
    mean=(0.1307,),
    std=(0.3081,),
)
