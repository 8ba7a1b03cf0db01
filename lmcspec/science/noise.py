"""What the choice of images alone makes of numbers read off a path: draws of them where nothing rises. No torch.

`values` (P, n) are the errors (0 or 1) or losses of n images at P positions. A curve's value is the mean over images,
and its maximum lies above that of the population from which these images come, the more so the fewer there are. How
far, if all positions are equally good, is found by a wild bootstrap: with signs s of +1 or -1, each image's deviations
from the means of its positions

    F_p = 1/n Σ_i s_i (v_pi - v̄_p)

have the covariances of the means v̄ and expectation 0, so that a number read off F in place of the curve is a draw of
what noise makes of it. Signs come from a stream addressed by the images: draws of several paths over the same images
belong together, and those of their average are the average of theirs.
"""

from collections.abc import Sequence

import numpy as np

from lmcspec.base import streams
from lmcspec.science import curves

DRAWS = 500
"""Draws of each number."""
HIGH = 0.95
"""Noise alone stays below the floor in this share of all cases."""
_CHUNK = 4096
"""Images whose signs are held at once."""

Address = Sequence[str | int]


def fluctuations(values: np.ndarray, address: Address, draws: int = DRAWS) -> np.ndarray:
    """Draws of F, float64 (draws, P), for values (P, n); the same signs for all P. NaN where a value is not finite."""
    positions, images = values.shape
    sums = np.zeros((draws, positions))
    with np.errstate(invalid="ignore", over="ignore"):
        means = values.mean(axis=1, dtype=np.float64)
        for number, first in enumerate(range(0, images, _CHUNK)):
            part = (values[:, first : first + _CHUNK] - means[:, None]).astype(np.float32)
            count = part.shape[1]
            words = streams.words(-(-draws * count // 64), "noise", *address, number)
            bits = np.unpackbits(words.astype("<u8").view(np.uint8), bitorder="little")[: draws * count]
            # Of bits b the signs are 2 b - 1.
            sums += 2.0 * (bits.reshape(draws, count).astype(np.float32) @ part.T) - part.sum(axis=1)
    return sums / images


def numbers(drawn: np.ndarray, alphas: Sequence[float], points: int) -> dict[str, np.ndarray]:
    """What is read off each draw (draws, P), as `curves` reads it: instability, barrier, and where 1/2 is midpoint."""
    kept = [place for place, alpha in enumerate(alphas) if alpha != 0.5 or not curves.half_added(points)]
    line, where = drawn[:, kept], np.array([alphas[place] for place in kept])
    ends = (line[:, 0] + line[:, -1]) / 2
    rise = line - np.outer(line[:, 0], 1 - where) - np.outer(line[:, -1], where)
    read = {"instability": line.max(axis=1) - ends, "barrier": rise[:, 1:-1].max(axis=1, initial=0.0)}
    if 0.5 in alphas:
        read["midpoint"] = drawn[:, alphas.index(0.5)] - ends
    return read


def floor(draws: np.ndarray) -> tuple[float, float]:
    """The mean of noise alone, and the value below which it stays in 95 of 100 cases."""
    return float(draws.mean()), float(np.quantile(draws, HIGH))


def packed(wrong: np.ndarray) -> np.ndarray:
    """Bits of bool (P, n) as uint8 (P, ceil(n / 8)), the first image in the lowest bit of the first byte."""
    return np.packbits(wrong, axis=1, bitorder="little")
