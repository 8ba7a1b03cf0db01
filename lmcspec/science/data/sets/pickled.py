"""Pickles of plain values and numpy arrays, and of nothing else: whatever else a file asks for is refused. No torch."""

import math
import pickle
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lmcspec.base.documents import read_bytes
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.pickle_bounds import Call, next_pickle, short_message

LARGEST = 2**28
"""Bytes of a file; the largest official one has 155 million."""
_DIMENSIONS = 8


class _Type:
    """What stands for numpy.dtype: made from a word such as `u1`, and then told the order of bytes."""

    def __init__(self, word: Any, *_: Any) -> None:
        self.word, self.order = _short(word), "|"

    def __setstate__(self, state: Any) -> None:
        self.order = _short(state[1])

    def dtype(self) -> np.dtype:
        """The type of plain numbers that is meant; ValueError for any other."""
        dtype = np.dtype(f"{self.order}{self.word}")
        if dtype.kind not in "biuf" or self.order not in ("<", ">", "|", "="):
            raise ValueError(f"an array of {self.order}{self.word}, which are no plain numbers")
        return dtype


def _short(word: Any) -> str:
    if not isinstance(word, str) or len(word) > 8:
        raise ValueError("an array of what are no plain numbers")
    return word


class _Array:
    """What stands for numpy.ndarray: numpy believes what a pickle says of memory."""

    def __init__(self, spend: Callable[[int], None]) -> None:
        self.array: np.ndarray | None = None
        self._spend = spend

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_columns, content = state
        self.fill(content, kind, shape, "F" if by_columns else "C")

    def fill(self, content: Any, kind: Any, shape: Any, order: Literal["C", "F"]) -> None:
        """Put numbers into it, row by row or column by column. ValueError where they aren't of that shape."""
        if not isinstance(content, bytes | bytearray | str) or not isinstance(shape, tuple) or len(shape) > _DIMENSIONS:
            raise ValueError("an array without numbers, or of many dimensions")
        if not isinstance(kind, _Type):
            raise ValueError("an array of what are no plain numbers")
        self._spend(len(content))
        raw = content.encode("latin1") if isinstance(content, str) else content
        dtype = kind.dtype()
        if any(type(size) is not int or not 0 <= size < 2**40 for size in shape) or (
            math.prod(shape) * dtype.itemsize != len(raw)
        ):
            raise ValueError(f"an array of {len(raw):,} bytes says that it is of another size")
        self.array = np.frombuffer(raw, dtype).reshape(shape, order=order).copy()


class _Plain(pickle.Unpickler):
    """Makes plain values and `_Array`s, and calls nothing but what stands here."""

    def __init__(self, content: bytes) -> None:
        super().__init__(BytesIO(content), encoding="latin1")
        self._left = 2 * len(content)
        self._admitted = {
            ("numpy.core.multiarray", "_reconstruct"): Call(self._array),
            ("numpy._core.multiarray", "_reconstruct"): Call(self._array),
            ("numpy.core.numeric", "_frombuffer"): Call(self._from_buffer),
            ("numpy._core.numeric", "_frombuffer"): Call(self._from_buffer),
            ("numpy", "ndarray"): "numpy.ndarray",
            ("numpy", "dtype"): _Type,
            ("_codecs", "encode"): Call(self._encode),
        }
        """All that a pickle of arrays, lists, strings and numbers names; what stands for it runs no one's code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._admitted:
            raise pickle.UnpicklingError(f"it asks for {module[:60]}.{name[:60]}, which no data file needs")
        return self._admitted[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it refers to something outside of it")

    def _array(self, *_: Any) -> _Array:
        return _Array(self._spend)

    def _from_buffer(self, content: Any, kind: Any, shape: Any, order: Any, axes: Any = None) -> _Array:
        """As protocol 5 has it, Python's own since 3.14; `axes` are those of an array that lies in another order."""
        if order not in ("C", "F") and not (order == "K" and isinstance(axes, tuple)):
            raise ValueError("an array in an order that there is none of")
        made = _Array(self._spend)
        made.fill(content, kind, shape, "F" if order == "F" else "C")
        if order == "K" and made.array is not None:
            if sorted(axes) != list(range(made.array.ndim)):
                raise ValueError("an array with axes that it doesn't have")
            made.array = made.array.transpose(axes)
        return made

    def _encode(self, text: str, encoding: str) -> bytes:
        """The bytes that Python 3 spells as text in old protocols of pickle."""
        if encoding != "latin1":
            raise pickle.UnpicklingError("it has bytes in another encoding than latin1")
        self._spend(len(text))
        return text.encode("latin1")

    def _spend(self, count: int) -> None:
        """Count bytes that are copied: those of the file become bytes once, and an array once."""
        self._left -= count
        if self._left < 0:
            raise pickle.UnpicklingError("it makes the same bytes again and again")


def read_pickle(path: Path) -> Any:
    """The value in a file; strings of Python 2 as latin1. Raises DataError for anything but plain values and arrays.

    Memory: what `next_pickle` says, and at most four times the file for itself, for bytes and for arrays of them.
    """
    try:
        content = next_pickle(BytesIO(read_bytes(path, largest=LARGEST, follow=True)))
        return _arrays(_Plain(content).load())
    except Exception as error:  # a damaged pickle makes Python raise anything
        raise DataError(
            f"{path} can't be read: {short_message(error)}", help="fetch the file again; it is no official one as it is"
        ) from error


def _arrays(value: Any) -> Any:
    """The value with arrays where there is what stands for one: as a whole, or anywhere in dictionaries."""
    whole = {"": value}
    seen, left = {id(whole)}, [whole]
    while left:  # each table once, however often it stands in others
        table = left.pop()
        for key, part in table.items():
            if isinstance(part, _Array):
                if part.array is None:
                    raise ValueError("an array without content")
                table[key] = part.array
            elif isinstance(part, dict) and id(part) not in seen:
                seen.add(id(part))
                left.append(part)
    return whole[""]
