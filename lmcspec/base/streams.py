"""Named, counter-based random streams: every draw is a function of its address, never of what was drawn before.

A stream is Philox-4x64 (numpy's bit generator) keyed by the first 128 bits of
`sha256(canonical JSON of ["lmcspec:seed:1", stream, address …])`, counter 0. Only raw 64-bit words are taken from
numpy; what they become is fixed here, so no library's change of algorithm can move a draw.
"""

import hashlib

import numpy as np

from lmcspec.base.addresses import Address
from lmcspec.base.ids import canonical

STREAMS = {
    "init": "initial weights: (replicate, parameter name)",
    "order": "order of the images in an epoch: (replicate, copy, level, epoch)",
    "augment": "augmentation noise of an epoch: (replicate, copy, level, epoch, what)",
    "dropout": "noise inside a network: (replicate, copy, level, epoch)",
    "mixup": "mixing of images: (replicate, copy, level, epoch, what)",
    "shuffle": "shuffled masks: (replicate, level, draw, tensor)",
    "prune": "random pruning: (replicate, level, draw)",
    "reinit": "redrawn weights, one draw for all levels: (replicate, draw, parameter name)",
    "distill": "making a distilled set: (seed, what …)",
    "expert": "training experts for a distilled set: (seed, expert, what …)",
    "match": "matching permutations: (pair, restart)",
    "split": "splits of a data set into parts: (data set, part)",
    "subset": "fixed subsets of images to measure on: (data set, split, size)",
    "grid": "points of a landscape: (what)",
    "noise": "signs by which images are weighed, to find what noise alone makes: (data set, split, images, chunk)",
}
"""Every stream and its address. Using a name that does not stand here is an error."""

_SEED = "lmcspec:seed:1"


def words(count: int, stream: str, *address: Address) -> np.ndarray:
    """`count` raw 64-bit words of the stream at this address, shape (count,), uint64."""
    if stream not in STREAMS:
        raise ValueError(f"no random stream is called {stream!r}; there are {', '.join(STREAMS)}")
    seed = hashlib.sha256(canonical([_SEED, stream, *address])).digest()
    key = np.frombuffer(seed[:16], dtype="<u8").astype(np.uint64)
    return np.random.Philox(key=key, counter=0).random_raw(count)


def permutation(count: int, stream: str, *address: Address) -> np.ndarray:
    """A uniform permutation of 0 … count-1: the stable argsort of `count` words, shape (count,), int64."""
    return np.argsort(words(count, stream, *address), kind="stable").astype(np.int64)


def uniforms(count: int, stream: str, *address: Address) -> np.ndarray:
    """Uniform on [0, 1): the top 53 bits of each word times 2^-53, shape (count,), float64."""
    return (words(count, stream, *address) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def integers(count: int, bound: int, stream: str, *address: Address) -> np.ndarray:
    """Integers 0 … bound-1, `floor(bound * uniform)`, shape (count,), int64. `bound` is at most 2^32."""
    if not 0 < bound <= 2**32:
        raise ValueError(f"bound must lie in 1 … 2^32, not {bound}")
    return np.floor(uniforms(count, stream, *address) * bound).astype(np.int64)


def normals(count: int, stream: str, *address: Address) -> np.ndarray:
    """Standard normals by the inverse distribution function of midpoints `(top 53 bits + 1/2) * 2^-53`, float64."""
    from scipy.special import ndtri

    top = (words(count, stream, *address) >> np.uint64(11)).astype(np.float64)
    return ndtri((top + 0.5) * 2.0**-53)
