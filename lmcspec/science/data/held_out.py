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
    total = len(arrays.train_labels)
    if not 0 < count < total:
        raise ValueError(f"a validation split has 1 to {total - 1} of {total} training images, not {count}")
    chosen = np.zeros(total, dtype=bool)
    chosen[balanced(arrays.train_labels, count, name, "validation", seed, stream="split")] = True
    images, labels = arrays.train_images, arrays.train_labels
    return replace(
        arrays,
        train_images=images[~chosen],
        train_labels=labels[~chosen],
        validation=(images[chosen], labels[chosen]),
    )


def keep(arrays: Arrays, count: int, name: str, seed: int = 0) -> Arrays:
    """The set with `count` of its training images, in their order; the others are left out.

    Class sizes differ by at most one as long as each class has enough; within a class the images are those that come
    first in the stream `split` at (name, "train", seed). Raises ValueError where there are fewer.
    """
    total = len(arrays.train_labels)
    if not 0 < count <= total:
        raise ValueError(f"there are {total} training images to choose from, not {count}")
    chosen = np.sort(balanced(arrays.train_labels, count, name, "train", seed, stream="split"))
    return replace(arrays, train_images=arrays.train_images[chosen], train_labels=arrays.train_labels[chosen])
