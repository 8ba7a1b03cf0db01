"""Training images that a study sets aside for validation, and those that it leaves out. No torch."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lmcspec.science.data.arrays import Arrays, DataError
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
    """Which training images `hold_out` leaves, and which it sets aside; both ascending.

    Raises ValueError where nothing would be left to train on.
    """
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


def check_classes(labels: np.ndarray, validation: int, train: int | None, name: str, seed: int = 0) -> None:
    """DataError where a split, of which either part is possible, leaves nothing of some class to train on."""
    classes = len(np.unique(labels))
    if validation and validation > (most := most_aside(labels, name, seed)):
        raise DataError(
            f"{validation:,} images set aside for validation take all of a class",
            help=f"set {most:,} aside at most" if most else "a class has one training image only: it needs more",
        )
    if train is not None and train < classes:
        raise DataError(f"{train:,} training images can't be of all {classes:,} classes", help=f"train on {classes:,}")


def most_aside(labels: np.ndarray, name: str, seed: int = 0) -> int:
    """How many images `hold_out` can set aside before it would take the last one of some class.

    It takes one of each class in turn, so a class of n images loses its last in turn n; which class comes first in a
    turn, the stream says.
    """
    sizes = np.bincount(labels)
    classes, smallest = int((sizes > 0).sum()), int(sizes[sizes > 0].min())
    low, high = (smallest - 1) * classes, min(len(labels) - 1, smallest * classes)
    while low < high:
        count = (low + high + 1) // 2
        held = np.zeros(len(labels), dtype=bool)
        held[balanced(labels, count, name, "validation", seed, stream="split")] = True
        if len(np.unique(labels[~held])) == classes:
            low = count
        else:
            high = count - 1
    return low


def most_aside_of(sizes: Sequence[int], name: str, seed: int = 0) -> int:
    """`most_aside` of images that come class by class, as those of a folder do: so many of each class."""
    return most_aside(np.repeat(np.arange(len(sizes)), sizes), name, seed)
