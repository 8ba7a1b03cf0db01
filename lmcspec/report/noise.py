"""The noise floor of numbers that are read off paths: what the choice of images alone makes of them.

Every path leaves draws of its numbers as they are where nothing rises (see `science/noise.py`). Draws of paths over the
same images belong together: the floor of an average is that of the averages of draws.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lmcspec.base.documents import read_bytes
from lmcspec.catalog import Metric

FILE = "noise.safetensors"
LARGEST = 2**28
"""Bytes of a file of draws: a thousand of each number take a few hundred thousand."""
ALIKE = {"recompute": ("average",), "repair": ("recompute",)}
"""Policies that are one and the same stand there once: without batch norm the first two, with it the last two."""
HIGH = 0.95
"""Where nothing rises, a number stays below its floor in this share of all cases."""
WORDS = "floor: what the choice of images alone makes of it in 19 of 20 cases where nothing rises"


@dataclass(frozen=True, slots=True)
class Draws:
    """Where the draws of a number of one pair lie."""

    out: Path
    """The folder of its path."""
    policy: str
    name: str
    """`instability/test`."""
    images: int


@dataclass(frozen=True, slots=True)
class Floor:
    """What noise makes of a number on so many images: on average, and in one of twenty cases or fewer."""

    expected: float
    high: float
    images: int


def noise_of(out: Path, metric: Metric, images: Mapping[str, int]) -> Draws | None:
    """The draws of a metric; None of what is no number of a path."""
    if not metric.policy or metric.split not in images:
        return None
    return Draws(out, metric.policy, metric.on_images, images[metric.split])


@lru_cache(maxsize=16384)
def floor(replicates: tuple[tuple[Draws, ...], ...]) -> Floor | None:
    """The floor of a mean over replicates of means over pairs. None where draws of one of them are not there."""
    import numpy as np

    means: list[Any] = []
    for pairs in replicates:
        drawn = [_drawn(pair) for pair in pairs]
        if not drawn or any(draws_of_pair is None for draws_of_pair in drawn):
            return None
        if len({len(draws_of_pair) for draws_of_pair in drawn}) > 1:
            return None
        means.append(np.mean(drawn, axis=0))
    if not means or len({len(mean) for mean in means}) > 1:
        return None
    draws = np.mean(means, axis=0)
    if not np.isfinite(draws).all():
        return None
    return Floor(float(draws.mean()), float(np.quantile(draws, HIGH)), replicates[0][0].images)


def _drawn(noise: Draws) -> Any:
    """Float64 (draws,); None where they are not there."""
    every = _read(noise.out / FILE)
    kept = (every.get(f"{policy}/{noise.name}") for policy in (noise.policy, *ALIKE.get(noise.policy, ())))
    return next((draws for draws in kept if draws is not None), None)


@lru_cache(maxsize=64)
def _read(file: Path) -> Mapping[str, Any]:
    """All draws of a path; nothing where the file is not there, or is none: a floor is then not known."""
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(read_bytes(file, largest=LARGEST))
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return {}
    return {name: array.astype(np.float64) for name, array in arrays.items() if array.ndim == 1 and array.size}
