"""Pickles of plain values and numpy arrays, and of nothing else: whatever else a file asks for is refused. No torch."""

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
_RECONSTRUCT = np.empty(0).__reduce__()[0]


def _encode(text: str, encoding: str) -> bytes:
    """How Python 3 writes bytes in old protocols."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes written as {encoding!r}")
    return text.encode("latin1")


_ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _encode,
}
"""All that a pickle of arrays, lists, strings and numbers names; they make values and run no one's code."""


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
        return _Plain(BytesIO(content), encoding="latin1").load()
    except Exception as error:  # a damaged pickle makes numpy raise anything
        raise DataError(
            f"{path} can't be read: {error}", help="fetch the file again; it is no official one as it is"
        ) from error
