"""Small made-up data sets, where a test is about shapes and bytes and not about images."""

import numpy as np
import pytest

from lmcspec.science.data.arrays import Arrays


@pytest.fixture(scope="session")
def some():
    """A function that makes arrays of random pixels."""

    def make(seed=0, train=6, test=4, shape=(3, 4, 5), classes=3, scale=255.0) -> Arrays:
        draw = np.random.default_rng(seed)
        return Arrays(
            draw.integers(0, 256, (train, *shape), dtype=np.uint8),
            draw.integers(0, classes, train),
            draw.integers(0, 256, (test, *shape), dtype=np.uint8),
            draw.integers(0, classes, test),
            classes,
            scale,
        )

    return make
