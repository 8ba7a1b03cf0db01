"""Fixed subsets of images to measure on: the same for every task of a study, balanced over the classes."""

import numpy as np

from lmcspec.base import streams


def balanced(labels: np.ndarray, count: int, *address: str | int, stream: str = "subset") -> np.ndarray:
    """Indices of `count` images, ascending, int64; all of them where there are no more.

    Images are taken class by class in turn, within a class in the order of the stream at `address`, until `count` are
    taken: class sizes differ by at most one, as long as each class has enough.
    """
    if count >= len(labels):
        return np.arange(len(labels))
    drawn = streams.permutation(len(labels), stream, *address)
    # The turn of an image is its place among the drawn ones of its class; ties go to the image drawn first.
    turns = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        of_label = drawn[labels[drawn] == label]
        turns[of_label] = np.arange(len(of_label))
    ranked = drawn[np.argsort(turns[drawn], kind="stable")]
    return np.sort(ranked[:count])
