"""CIFAR-10 from a folder of JPEG files. No torch."""

from dataclasses import replace
from pathlib import Path

from lmcspec.catalog import Named
from lmcspec.catalog.datasets.cifar10_jpeg import CARD
from lmcspec.science.data.arrays import Arrays
from lmcspec.science.data.sets import folder
from lmcspec.science.data.sets.verify import matches


def load(config: Named, root: Path | None) -> Arrays:
    """50,000 training and 10,000 test images, uint8 (n, 3, 32, 32), classes in alphabetical order.

    Raises MissingData or DataError as any image folder does, and DataError where the decoded images are others.
    """
    decoded = folder.read(root)
    matches(
        decoded.facts.digest,
        CARD,
        "the files differ, or this Pillow decodes JPEG in another way; as your own set: dataset = "
        '{ name = "folder", root = "…" }',
    )
    return replace(folder.arrays(decoded), names=())  # labels of CIFAR-10 are numbers in every other form of it
