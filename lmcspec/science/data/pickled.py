"""Pickles of plain values and numpy arrays, and of nothing else: whatever else a file asks for is refused. No torch."""

import math
import pickle
import pickletools
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from lmcspec.base.documents import read_bytes
from lmcspec.science.data.arrays import DataError

LARGEST = 2**30
"""Bytes of a file; the largest official one has 155 million."""


class _Type:
    """What stands for numpy.dtype: made from a word such as `u1`, and then told the order of bytes."""

    def __init__(self, word: Any, *_: Any) -> None:
        self.word, self.order = str(word), "|"

    def __setstate__(self, state: Any) -> None:
        self.order = str(state[1])

    def dtype(self) -> np.dtype:
        """The type of plain numbers that is meant; ValueError for any other."""
        found = np.dtype(f"{self.order}{self.word}")
        if found.kind not in "biuf" or self.order not in ("<", ">", "|", "="):
            raise ValueError(f"an array of {self.order}{self.word}, which are no plain numbers")
        return found


class _Array:
    """What stands for numpy.ndarray: numpy believes what a pickle says of memory."""

    def __init__(self, *_: Any) -> None:
        self.array: np.ndarray | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_columns, content = state
        raw = content.encode("latin1") if isinstance(content, str) else bytes(content)
        dtype = kind.dtype()
        if any(type(size) is not int or size < 0 for size in shape) or math.prod(shape) * dtype.itemsize != len(raw):
            raise ValueError(f"an array of {len(raw)} bytes is called one of {shape}")
        self.array = np.frombuffer(raw, dtype).reshape(shape, order="F" if by_columns else "C").copy()


def _encode(text: str, encoding: str) -> bytes:
    """How Python 3 writes bytes in old protocols."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes written as {encoding!r}")
    return text.encode("latin1")


_ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _encode,
}
"""All that a pickle of arrays, lists, strings and numbers names; what stands for it runs no one's code."""


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no data file needs")
        return _ADMITTED[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it refers to something outside of it")


def read_pickle(path: Path) -> Any:
    """The value in a file; strings of Python 2 as latin1. Raises DataError for anything but plain values and arrays."""
    try:
        content = read_bytes(path, largest=LARGEST, follow=True)
        for instruction, argument, _ in pickletools.genops(content):
            # Memory for all places of the memo before this one would be taken, filled or not.
            if "PUT" in instruction.name and argument is not None and argument > len(content):
                raise pickle.UnpicklingError("its memo has places that it doesn't fill")
        return _arrays(_Plain(BytesIO(content), encoding="latin1").load())
    except Exception as error:  # a damaged pickle makes Python raise anything
        raise DataError(
            f"{path} can't be read: {error}", help="fetch the file again; it is no official one as it is"
        ) from error


def _arrays(value: Any) -> Any:
    """The value with arrays where there is what stands for one: as a whole, or anywhere in dictionaries."""
    match value:
        case _Array():
            if value.array is None:
                raise ValueError("an array without content")
            return value.array
        case dict():
            return {key: _arrays(one) for key, one in value.items()}
    return value
