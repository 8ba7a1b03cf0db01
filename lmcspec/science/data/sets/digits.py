"""scikit-learn's handwritten digits, with a split of our own."""

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from lmcspec.catalog import Named
from lmcspec.catalog.datasets.digits import CARD
from lmcspec.science.data.arrays import Arrays, digest
from lmcspec.science.data.sets.verify import matches

_INDICES = "digits_test.txt"


def load(config: Named, root: Path | None = None) -> Arrays:
    """1,437 training and 360 test images, uint8 (n, 1, 8, 8) with values 0 … 16, in scikit-learn's order.

    The test images are those listed in `digits_test.txt` beside this file, once drawn: scikit-learn brings no
    split, and one that is recomputed could move with a library.
    """
    pixels, target = _table()
    images, labels = pixels.astype(np.uint8).reshape(-1, 1, 8, 8), target.astype(np.int64)
    test = np.zeros(len(labels), dtype=bool)
    test[committed_split()] = True
    arrays = Arrays(images[~test], labels[~test], images[test], labels[test], classes=10, scale=16.0)
    matches(digest(arrays), CARD, "this scikit-learn brings other images than the ones lmcspec was made with")
    return arrays


def _table() -> tuple[np.ndarray, np.ndarray]:
    """Pixels (1797, 64) and classes (1797,), from the file in scikit-learn's package.

    Importing sklearn.datasets to read it takes seconds in every worker; that is only done where the file has moved.
    """
    package = find_spec("sklearn")
    place = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz" if package and package.origin else None
    if place is not None and place.is_file():
        table = np.loadtxt(place, delimiter=",")
        return table[:, :-1], table[:, -1]
    from sklearn.datasets import load_digits

    pixels, target = load_digits(return_X_y=True)
    return np.asarray(pixels), np.asarray(target)


def committed_split() -> np.ndarray:
    """Indices of the test images among the 1,797, ascending, int64 (360,)."""
    text = files("lmcspec.science.data.sets").joinpath(_INDICES).read_text(encoding="ascii")
    return np.array(text.split(), dtype=np.int64)
