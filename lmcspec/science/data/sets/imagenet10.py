"""ImageNet-10 from folders of JPEG files, kept decoded as squares of one size. No torch."""

from pathlib import Path

from lmcspec.base.facts import DataFacts
from lmcspec.catalog import Named
from lmcspec.catalog.datasets.imagenet10 import WNIDS, ImageNet10
from lmcspec.science.data.arrays import Arrays
from lmcspec.science.data.sets import folder
from lmcspec.science.data.sets.decode import CentralSquare
from lmcspec.science.data.sets.imagenet import check_crop
from lmcspec.science.data.sets.listing import list_images


def load(config: Named, root: Path | None) -> Arrays:
    """Images uint8 (n, 3, resize, resize), classes in the order of IDC's list; published validation images to test on.

    Raises MissingData or DataError as any image folder does.
    """
    return folder.arrays(_read(config, root))


def facts(config: Named, root: Path | None) -> DataFacts:
    """Digest and sizes. Decodes what has changed since the last look; raises as `load`."""
    return _read(config, root).facts


def _read(config: Named, root: Path | None) -> folder.Read:
    assert isinstance(config, ImageNet10)
    check_crop(config.resize, config.crop)
    return folder.read_listed(list_images(root, WNIDS), CentralSquare(config.resize, config.crop))
