"""The idx format of MNIST and its successors: a magic number, sizes, bytes. No torch."""

import os
from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np

from lmcspec.base.documents import open_regular, read_bytes
from lmcspec.science.data.arrays import Arrays

LARGEST = 2**30
"""Bytes of a file; MNIST's largest has 47 million."""


def read_idx(path: Path) -> np.ndarray:
    """The array of unsigned bytes in a file. Raises ValueError where it holds another type or is cut off.

    Two zero bytes, the type (8: unsigned byte), the number of dimensions, their sizes as 4 bytes each, big-endian,
    then the values with the last dimension running fastest.
    """
    with open_regular(path, follow=True) as file:
        size, head = os.fstat(file.fileno()).st_size, file.read(4 + 4 * 255)
    if head[:2] == b"\x1f\x8b":
        raise ValueError(f"{path} is still packed by gzip: unpack it")
    if len(head) < 4 or head[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is not an idx file of bytes")
    begin = 4 + 4 * head[3]
    shape = tuple(int.from_bytes(head[at : at + 4], "big") for at in range(4, begin, 4))
    # A file of holes may be of any size, and none of it is read for that.
    whole = size == begin + prod(shape)
    content = read_bytes(path, largest=LARGEST, follow=True) if whole else b""
    if not whole or len(content) != size:
        raise ValueError(f"{path} is cut off, or has more than its header says")
    return np.frombuffer(memoryview(content)[begin:], dtype=np.uint8).reshape(shape)


def read_pairs(files: Sequence[Path], classes: int) -> Arrays:
    """A set of grey images in four files: training images, their labels, and the two of testing.

    Raises ValueError, which names the file, where one holds something else than images (n, H, W), or labels (n,) of the
    classes for as many images.
    """
    parts: list[np.ndarray] = []
    for of_images, of_labels in zip(files[::2], files[1::2], strict=True):
        images, labels = read_idx(of_images), read_idx(of_labels)
        if images.ndim != 3:
            raise ValueError(f"{of_images} holds an array of shape {images.shape}, not images (n, height, width)")
        if labels.ndim != 1:
            raise ValueError(f"{of_labels} holds an array of shape {labels.shape}, not labels (n,)")
        if len(labels) != len(images):
            raise ValueError(f"{of_labels} has {len(labels):,} labels for {len(images):,} images")
        if (wrong := np.flatnonzero(labels >= classes)).size:
            raise ValueError(
                f"{of_labels} calls image {wrong[0]:,} a {labels[wrong[0]]}, and labels are 0 … {classes - 1}"
            )
        parts += [images[:, None], labels.astype(np.int64)]
    return Arrays(*parts, classes=classes)
