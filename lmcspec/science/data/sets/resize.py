"""Decoded images at another size, for sets that come in one. No torch."""

from dataclasses import replace

import numpy as np

from lmcspec.science.data.arrays import Arrays, DataError
from lmcspec.science.data.sets.decode import square


def resized(arrays: Arrays, side: int) -> Arrays:
    """Every image as an image folder would bring it to `side` x `side` pixels; each channel by itself, still uint8.

    Raises DataError where they would fill this machine's memory.
    """
    from psutil import virtual_memory

    room = (len(arrays.train_images) + len(arrays.test_images)) * arrays.train_images.shape[1] * side**2
    if room > virtual_memory().total // 2:
        raise DataError(
            f"images brought to {side:,}x{side:,} pixels take {room / 1e9:,.0f} GB of this machine's memory",
            help="a smaller `resize` takes less",
        )
    return replace(
        arrays, train_images=_squares(arrays.train_images, side), test_images=_squares(arrays.test_images, side)
    )


def _squares(images: np.ndarray, side: int) -> np.ndarray:
    from PIL import Image

    count, channels = images.shape[:2]
    out = np.empty((count, channels, side, side), dtype=np.uint8)
    for place, image in enumerate(images):
        for channel, plane in enumerate(image):
            out[place, channel] = np.asarray(square(Image.fromarray(plane), side))
    return out
