"""Data sets, from files to the batches that networks see.

`sets` reads the files to decoded `arrays`; `loading` does it by a configuration, sets some images aside (`held_out`)
and enters the rest into a `space`, as tensors on a device (`resident`) or on the host (`mapped`). `augmentation`
changes batches at random, `distilled` holds the files of distilled sets, and `look` brings images back for the eye.

Names are looked up when they are first used, so that asking a folder for its facts does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmcspec.science.data.arrays import Arrays, DataError, MissingData
    from lmcspec.science.data.loading import Selection, load
    from lmcspec.science.data.resident import Dataset, Split
    from lmcspec.science.data.space import Space

_PLACES = {
    "Arrays": "arrays",
    "DataError": "arrays",
    "Dataset": "resident",
    "MissingData": "arrays",
    "Selection": "loading",
    "Space": "space",
    "Split": "resident",
    "load": "loading",
}

__all__ = [
    "Arrays",
    "DataError",
    "Dataset",
    "MissingData",
    "Selection",
    "Space",
    "Split",
    "load",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
