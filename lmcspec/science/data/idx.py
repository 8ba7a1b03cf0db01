"""The idx format of MNIST and its successors: a magic number, sizes, bytes. No torch."""

from pathlib import Path

import numpy as np

from lmcspec.base.documents import read_bytes

LARGEST = 2**30
"""Bytes of a file; MNIST's largest has 47 million."""


def read_idx(path: Path) -> np.ndarray:
    """The array of unsigned bytes in a file. Raises ValueError where it holds another type or is cut off.

    Two zero bytes, the type (8: unsigned byte), the number of dimensions, their sizes as 4 bytes each, big-endian,
    then the values with the last dimension running fastest.
    """
    content = read_bytes(path, largest=LARGEST, follow=True)
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"{path.name} is not an idx file of bytes")
    dimensions = content[3]
    shape = tuple(np.frombuffer(content[4 : 4 + 4 * dimensions], dtype=">u4").astype(int).tolist())
    values = np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * dimensions) if len(shape) == dimensions else None
    if values is None or values.size != int(np.prod(shape, dtype=np.int64)):
        raise ValueError(f"{path.name} is cut off, or has more than its header says")
    return values.reshape(shape)
