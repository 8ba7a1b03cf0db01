"""ImageNet from its folder of JPEG files, kept decoded as squares of one size. No torch."""

from pathlib import Path

from lmcspec.base.facts import DataFacts
from lmcspec.catalog import Named
from lmcspec.catalog.datasets.imagenet import CARD, ImageNet
from lmcspec.science.data.arrays import Arrays, DataError
from lmcspec.science.data.sets import folder
from lmcspec.science.data.sets.decode import CentralSquare
from lmcspec.science.data.sets.listing import Listing, list_images


def load(config: Named, root: Path | None) -> Arrays:
    """1,281,167 training and 50,000 test images, uint8 (n, 3, resize, resize), classes in the order of their WNIDs.

    The test images are the published validation images. Raises MissingData or DataError as any image folder does, and
    DataError where there are more or fewer images, before any is decoded.
    """
    return folder.arrays(_read(config, root))


def facts(config: Named, root: Path | None) -> DataFacts:
    """Digest and sizes. Decodes what has changed since the last look; raises as `load`."""
    return _read(config, root).facts


def _read(config: Named, root: Path | None) -> folder.Read:
    assert isinstance(config, ImageNet)
    check_crop(config.resize, config.crop)
    return folder.read_listed(complete(list_images(root)), CentralSquare(config.resize, config.crop))


def check_crop(resize: int, crop: int) -> None:
    """DataError where a crop does not fit squares of `resize` pixels."""
    if crop > resize:
        raise DataError(
            f"a crop of {crop} pixels does not fit images of {resize}x{resize}", help="crop less, or resize to more"
        )


def complete(listing: Listing) -> Listing:
    """The listing itself if it is all of ImageNet; DataError naming the sizes otherwise."""
    wanted = CARD.expected
    assert wanted is not None
    counts = listing.train, len(listing.names) - listing.train, len(listing.classes)
    if counts != (wanted.train, wanted.test, wanted.classes):
        raise DataError(
            f"this is not all of ImageNet: {listing.root} has {counts[0]:,} + {counts[1]:,} images in {counts[2]:,} "
            f"classes, not {wanted.train:,} + {wanted.test:,} in {wanted.classes:,}",
            help='a part of it is a set of your own: dataset = { name = "folder", resize = 256, crop = 224, … }, '
            "with ImageNet's mean and std as its space",
        )
    return listing
