"""Tensors as a file of torch.save holds them: views of storages, whose numbers are read when they are asked for.

A tensor in such a file is an offset, a shape and strides of a storage. Several may share one, so what a storage holds
says nothing about a tensor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, Protocol

import numpy as np

from lmcspec.science.data.pickle_bounds import short_message

Order = Literal["<", ">"]


class NoTensors(ValueError):
    """A file that can't be read as tensors; the sentence goes on after the file's name."""


class Unread(Protocol):
    """A tensor in a file: numpy's name of its numbers, its shape, and its values, for which `read` takes memory."""

    @property
    def dtype(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    def read(self) -> np.ndarray: ...


@dataclass(slots=True, eq=False)
class Storage:
    """The numbers of one or more tensors, in a row in a file; `take` reads their bytes."""

    dtype: str
    count: int
    take: "Callable[[], bytes] | None" = None

    def __setstate__(self, _: Any) -> None:
        """Refused: a pickle could change it after it was checked."""
        raise NoTensors("changes a storage that it has named before")

    @property
    def size(self) -> int:
        """How many bytes its numbers take in the file."""
        return self.count * itemsize(self.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class StoredTensor:
    """A tensor in a file; `stride` and `offset` count numbers of its storage, `order` is numpy's of their bytes."""

    dtype: str
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    storage: Storage
    order: Order = "<"

    def __setstate__(self, _: Any) -> None:
        """Refused: a pickle could make it reach beyond its storage, after it was checked."""
        raise NoTensors("changes a tensor that it has made before")

    def read(self) -> np.ndarray:
        """The values in the order of the tensor's indices, in new memory. NoTensors where the file holds fewer."""
        dtype = np.dtype(self.dtype)
        if not prod(self.shape):
            return np.empty(self.shape, dtype)
        assert self.storage.take is not None, "storages are placed as the file is read"
        try:
            content = self.storage.take()
        except Exception as error:
            raise as_no_tensors(error) from error
        if len(content) != self.storage.size:
            raise NoTensors(f"is cut off: a storage of {self.storage.size:,} bytes has {len(content):,}")
        numbers = np.frombuffer(content, dtype.newbyteorder(self.order))[self.offset :]
        view = np.lib.stride_tricks.as_strided(numbers, self.shape, [dtype.itemsize * step for step in self.stride])
        return np.array(view, dtype, order="C")


def as_no_tensors(error: Exception) -> NoTensors:
    """Whatever a damaged zip file, a damaged pickle or a disk makes of those who read them, as one kind of error."""
    match error:
        case NoTensors():
            return error
        case MemoryError():
            return NoTensors("holds more than this machine's memory")
        case OSError():
            return NoTensors(f"can't be read: {error.strerror or error}")
        case _:
            return NoTensors(f"can't be read as tensors: {short_message(error)}")


def itemsize(dtype: str) -> int:
    """How many bytes one number of a type takes."""
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
