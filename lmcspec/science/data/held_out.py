"""Training images that a study sets aside for validation, and those that it leaves out. No torch."""

from dataclasses import replace

import numpy as np

from lmcspec.science.data.arrays import Arrays
from lmcspec.science.subset import balanced


def hold_out(arrays: Arrays, count: int, name: str, seed: int = 0) -> Arrays:
    """The set with `count` training images set aside for validation; both parts keep their order.

    Class sizes of the validation split differ by at most one as long as each class has enough; within a class the
    images are those that come first in the stream `split` at (name, "validation", seed). Raises ValueError where
    nothing would be left to train on.
    """
    rest, held = held_rows(arrays.train_labels, count, name, seed)
    images, labels = arrays.train_images, arrays.train_labels
    return replace(
        arrays, train_images=images[rest], train_labels=labels[rest], validation=(images[held], labels[held])
    )


def keep(arrays: Arrays, count: int, name: str, seed: int = 0) -> Arrays:
    """The set with `count` of its training images, in their order; the others are left out.

    Class sizes differ by at most one as long as each class has enough; within a class the images are those that come
    first in the stream `split` at (name, "train", seed). Raises ValueError where there are fewer.
    """
    chosen = kept_rows(arrays.train_labels, count, name, seed)
    return replace(arrays, train_images=arrays.train_images[chosen], train_labels=arrays.train_labels[chosen])


def held_rows(labels: np.ndarray, count: int, name: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Which training images `hold_out` leaves, and which it sets aside; both ascending."""
    total = len(labels)
    if not 0 < count < total:
        raise ValueError(f"a validation split has 1 to {total - 1} of {total} training images, not {count}")
    held = np.zeros(total, dtype=bool)
    held[balanced(labels, count, name, "validation", seed, stream="split")] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def kept_rows(labels: np.ndarray, count: int, name: str, seed: int = 0) -> np.ndarray:
    """Which training images `keep` keeps, ascending."""
    total = len(labels)
    if not 0 < count <= total:
        raise ValueError(f"there are {total} training images to choose from, not {count}")
    return np.sort(balanced(labels, count, name, "train", seed, stream="split"))
