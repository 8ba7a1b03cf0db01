"""Arrays of numbers in MATLAB's files of level 5, which anybody may have written. No torch.

scipy's reader believes what a file says of its sizes: 200 bytes are enough for it to take all of memory. Here an array
is as large as its bytes, and what is compressed expands to MOST bytes at the most. The format is MathWorks' "MAT-File
Format": elements of a type, a length and so many bytes, one inside the other.
"""

import struct
import zlib
from collections.abc import Collection, Iterator
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lmcspec.base.documents import read_bytes

MOST = 2**29
"""Bytes of a file, and of a variable in it: SVHN's largest has 225 million."""
_HEAD = 128
_MATRIX, _COMPRESSED = 14, 15
_COMPLEX = 0x0800
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""Of an element's type: how numbers stand in the file."""
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
"""Of a variable's class: what they are. Others are texts, tables and lists."""
_PEEK = 1024


class _Element(NamedTuple):
    type: int
    data: memoryview


def read_mat(path: Path, names: Collection[str]) -> dict[str, np.ndarray]:
    """The arrays of these names, where they are there, in their own order of axes. ValueError for anything else."""
    content = memoryview(read_bytes(path, largest=MOST, follow=True))
    if len(content) < _HEAD or bytes(content[126:128]) not in (b"IM", b"MI"):
        raise ValueError("it has not their header")
    order = "<" if bytes(content[126:128]) == b"IM" else ">"
    arrays: dict[str, np.ndarray] = {}
    for element in _elements(content[_HEAD:], order, padded=False):
        variable = element
        if element.type == _COMPRESSED:
            name = _name_of(_Element(_MATRIX, _expanded(element.data, _PEEK)[8:]), order)
            if name not in names or name in arrays:
                continue
            (variable,) = _elements(_expanded(element.data, MOST), order)
        name = _name_of(variable, order)
        if name in names and name not in arrays:
            arrays[name] = _array(variable, order)
    return arrays


def _expanded(data: memoryview, most: int) -> memoryview:
    """What is compressed, up to so many bytes."""
    try:
        return memoryview(zlib.decompressobj().decompress(data, most))
    except zlib.error as error:
        raise ValueError(f"it is damaged: {error}") from error


def _elements(data: memoryview, order: str, *, padded: bool = True) -> Iterator[_Element]:
    """The elements in some bytes, one after the other; inside a variable each fills up eight bytes."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, at)
        begin = at + 8
        if kind >> 16:  # a short one, in the place of its length
            kind, size, begin = kind & 0xFFFF, kind >> 16, at + 4
            at += 8
        else:
            at += 8 + size + (-size % 8 if padded else 0)
        yield _Element(kind, data[begin : begin + size])


def _name_of(variable: _Element, order: str) -> str:
    """What a variable is called; empty where it is none."""
    parts = _elements(variable.data, order) if variable.type == _MATRIX else iter(())
    for place, part in enumerate(parts):
        if place == 2:
            return bytes(part.data).decode("latin1")
    return ""


def _array(variable: _Element, order: str) -> np.ndarray:
    flags, sizes, _, numbers = [part for part, _ in zip(_elements(variable.data, order), range(4), strict=False)]
    (flag,) = struct.unpack_from(f"{order}I", flags.data)
    shape = [int(size) for size in np.frombuffer(sizes.data, f"{order}i4")]
    if flag & 0xFF not in _CLASSES or flag & _COMPLEX or numbers.type not in _NUMBERS:
        raise ValueError("it holds something else than plain numbers")
    values = np.frombuffer(numbers.data, np.dtype(f"{order}{_NUMBERS[numbers.type]}"))
    if min(shape, default=0) < 0 or prod(shape) != len(values):
        raise ValueError(f"it says {shape} of {len(values):,} numbers")
    kind = np.dtype(_CLASSES[flag & 0xFF])
    if len(values) * kind.itemsize > MOST:
        raise ValueError(f"its {len(values):,} numbers of {kind.itemsize} bytes are more than {MOST:,} bytes")
    return values.astype(kind, copy=False).reshape(shape, order="F")
