"""Data sets: decoded arrays, spaces, resident tensors, augmentation, distilled-set files.

Names are looked up when they are first used, so that asking a folder for its facts does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmcspec.science.data.arrays import Arrays, DataError, MissingData, channel_statistics, digest
    from lmcspec.science.data.augment import Draws, draw
    from lmcspec.science.data.loading import load
    from lmcspec.science.data.resident import Dataset, Split, enter
    from lmcspec.science.data.space import Space

_PLACES = {
    "Arrays": "arrays",
    "DataError": "arrays",
    "Dataset": "resident",
    "Draws": "augment",
    "MissingData": "arrays",
    "Space": "space",
    "Split": "resident",
    "channel_statistics": "arrays",
    "digest": "arrays",
    "draw": "augment",
    "enter": "resident",
    "load": "loading",
}

__all__ = [
    "Arrays",
    "DataError",
    "Dataset",
    "Draws",
    "MissingData",
    "Space",
    "Split",
    "channel_statistics",
    "digest",
    "draw",
    "enter",
    "load",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
