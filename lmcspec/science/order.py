"""Which images are in which update: a function of the update's number alone."""

import numpy as np

from lmcspec.base import streams
from lmcspec.base.sgd_noise import TrainingNoise


def order(images: int, noise: TrainingNoise, epoch: int) -> np.ndarray:
    """The order of the images in an epoch: a permutation of 0 … images-1, int64 (images,)."""
    return streams.permutation(images, *noise.at("order", epoch))
