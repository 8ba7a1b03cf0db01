"""scikit-learn's handwritten digits: real images inside a wheel, so a first study needs no download."""

from typing import Literal

from lmcspec.base.facts import DataFacts
from lmcspec.catalog.card import DatasetCard
from lmcspec.catalog.config import Named


class Digits(Named):
    """1,797 images of 8x8 pixels in 17 shades; 1,437 to train and 360 to test, split by class."""

    name: Literal["digits"] = "digits"


CARD = DatasetCard(
    doc="1,797 handwritten digits of 8x8 pixels (scikit-learn), 1,437 + 360",
    config=Digits,
    implementation="lmcspec.science.data.sets.digits:load",
    source="Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits; test part of UCI's set",
    facts=DataFacts(
        digest="48c1b08f3cf8edc4b4cdfa963b3d2c5d89b73d1a786bcb9882cda25a7017f35c",
        train=1437,
        test=360,
        classes=10,
        shape=(1, 8, 8),
        sizes=(142, 145, 142, 146, 145, 146, 145, 143, 139, 144),
    ),
    mean=(0.3054,),
    std=(0.3761,),
    needs_root=False,
)
