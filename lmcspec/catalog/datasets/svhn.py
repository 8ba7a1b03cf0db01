"""Street View House Numbers, the cropped digits."""

from typing import Literal

from lmcspec.base.facts import DataFacts
from lmcspec.catalog.card import DatasetCard
from lmcspec.catalog.config import Named


class Svhn(Named):
    """The official `train_32x32.mat` and `test_32x32.mat` in `root`; the extra images are not used."""

    name: Literal["svhn"] = "svhn"


CARD = DatasetCard(
    doc="SVHN, 73,257 + 26,032 cropped house numbers of 32x32 pixels",
    config=Svhn,
    implementation="lmcspec.science.data.sets.svhn:load",
    source="Netzer et al. 2011; mean and std as they are commonly given for its training images",
    facts="lmcspec.science.data.sets.svhn:facts",
    expected=DataFacts("", 73_257, 26_032, 10, (3, 32, 32), known=False),
    files=("train_32x32.mat", "test_32x32.mat"),
    mean=(0.4377, 0.4438, 0.4728),
    std=(0.1980, 0.2010, 0.1970),
)
