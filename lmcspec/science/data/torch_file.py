"""Files of torch.save, read without torch: which tensors they hold, and their values as torch.load would give them.

A tensor in such a file is a view of a storage: an offset, a shape and strides. Several may share one, so what a
storage holds says nothing about a tensor. No code in a file is run: each name that it asks for stands for something
inert, or is refused. Memory is bounded by the file: parts that are compressed are refused, as torch never does that,
and of what is pickled beside the numbers `next_pickle` says what it may take, 145 million bytes.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Literal
from zipfile import ZIP_STORED, ZipInfo

import numpy as np

from lmcspec.science.data.pickle_bounds import Call, next_pickle, told
from lmcspec.science.data.zip_directory import Parts

Order = Literal["<", ">"]

LARGEST_PICKLE = 4 * 2**20
"""Bytes of what is beside the numbers; a published set has a few thousand."""
LARGEST_VIEW = 2**30
"""Bytes of a tensor that is larger than its storage, as expanded ones are."""
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_DTYPES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}


class NoTensors(ValueError):
    """A file that can't be read as tensors; the sentence goes on after the file's name."""


@dataclass(slots=True, eq=False)
class Storage:
    """Numbers in a row, as bytes of a file."""

    dtype: str
    count: int
    take: "Callable[[], bytes] | None" = None

    def __setstate__(self, _: Any) -> None:
        """Refused: a pickle could change it after it was checked."""
        raise NoTensors("changes a storage that it has named before")

    @property
    def size(self) -> int:
        """Bytes."""
        return self.count * _width(self.dtype)


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
        """Its values in the order of its indices, in memory of their own. NoTensors where the file holds fewer."""
        dtype = np.dtype(self.dtype)
        if not prod(self.shape):
            return np.empty(self.shape, dtype)
        assert self.storage.take is not None, "storages are placed as the file is read"
        try:
            content = self.storage.take()
        except Exception as error:
            raise _no_tensors(error) from error
        if len(content) != self.storage.size:
            raise NoTensors(f"is cut off: a storage of {self.storage.size:,} bytes has {len(content):,}")
        numbers = np.frombuffer(content, dtype.newbyteorder(self.order))[self.offset :]
        view = np.lib.stride_tricks.as_strided(numbers, self.shape, [dtype.itemsize * step for step in self.stride])
        return np.array(view, dtype, order="C")


class Inert:
    """Something in a file that isn't a tensor, a list, a table or a plain value: it keeps its name and does nothing."""

    what = "an object"

    def __init__(self, *_: Any) -> None:
        """Whatever it would be made of is dropped."""

    def __setstate__(self, _: Any) -> None:
        """So is its state."""


class NumpyArray(Inert):
    """An array of numpy's."""

    what = "an array of numpy"


class OtherTensor(Inert):
    """A tensor that isn't a plain one on the CPU or a GPU."""

    what = "a sparse, quantised or otherwise special tensor"


def read_torch(path: Path, file: BinaryIO) -> Any:
    """What a file of torch.save holds, with StoredTensor for tensors; `file` is it, opened.

    Raises NoTensors for anything else. Nothing but its pickle is read; a tensor's numbers are by `read`.
    """
    try:
        start = file.read(4)
        file.seek(0)
        return _read_zip(path, file) if start == b"PK\x03\x04" else _read_old(path, file)
    except Exception as error:
        raise _no_tensors(error) from error


def _no_tensors(error: Exception) -> NoTensors:
    """Whatever a damaged zip file, a damaged pickle or a disk makes of those who read them, as one kind of error."""
    match error:
        case NoTensors():
            return error
        case MemoryError():
            return NoTensors("holds more than this machine's memory")
        case OSError():
            return NoTensors(f"can't be read: {error.strerror or error}")
        case _:
            return NoTensors(f"can't be read as tensors: {told(error)}")


def _read_zip(path: Path, file: BinaryIO) -> Any:
    parts = Parts(path, file)
    entries = {entry.filename: entry for entry in parts}
    found = [name for name in entries if name.rpartition("/")[2] == "data.pkl"]
    if len(found) != 1:
        raise NoTensors("is a zip archive that torch.save did not write")
    folder = found[0].removesuffix("data.pkl")
    if f"{folder}constants.pkl" in entries:
        raise NoTensors("holds a TorchScript module, not tensors")
    _check_entry(entries[found[0]], parts.size)
    if entries[found[0]].file_size > LARGEST_PICKLE:
        raise NoTensors(f"holds more beside its numbers than {LARGEST_PICKLE:,} bytes")
    content = parts.read(entries[found[0]], file)
    order = entries.get(f"{folder}byteorder")
    big = order is not None and order.file_size == 3 and parts.read(order, file) == b"big"

    def place(storage: Storage, key: str) -> None:
        entry = entries.get(f"{folder}data/{key}")
        if entry is None:
            raise NoTensors(f"lacks the storage {key[:20]!r} of a tensor")
        _check_entry(entry, parts.size)
        if entry.file_size != storage.size:
            raise NoTensors(f"declares a storage of {storage.size:,} bytes, and it has {entry.file_size:,}")
        storage.take = partial(parts.read_later, entry)

    return _unpickled(BytesIO(content), place, ">" if big else "<")


def _check_entry(entry: ZipInfo, size: int) -> None:
    if entry.compress_type != ZIP_STORED:
        raise NoTensors("is compressed, which files of torch.save never are: load and save it again with torch")
    if entry.file_size != entry.compress_size or entry.file_size > size:
        raise NoTensors("declares parts that are larger than the whole file")


def _read_old(path: Path, file: BinaryIO) -> Any:
    """As torch wrote before 1.6: five pickles, then each storage as its length in 8 bytes and its numbers."""
    head = BytesIO(file.read(LARGEST_PICKLE))
    size = file.seek(0, 2)
    if head.getbuffer()[:1] != b"\x80" or _unpickled(head) != _MAGIC:
        raise NoTensors("was not written by torch.save")
    if _unpickled(head) != _PROTOCOL:
        raise NoTensors("was written by a torch that is too old")
    machine = _unpickled(head)
    order: Order = "<" if not isinstance(machine, dict) or machine.get("little_endian", True) else ">"
    storages: dict[str, Storage] = {}

    def place(storage: Storage, key: str) -> None:
        storages[key] = storage

    found = _unpickled(head, place, order)
    keys = _unpickled(head)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or not storages.keys() <= set(keys):
        raise NoTensors("lacks the storage of a tensor")
    begin = head.tell()
    for key in keys:
        storage = storages.get(key)
        if storage is None or begin + 8 + storage.size > size:
            raise NoTensors("is cut off, or holds storages that no tensor names")
        file.seek(begin)
        if int.from_bytes(file.read(8), "little" if order == "<" else "big") != storage.count:
            raise NoTensors(f"declares the storage {key[:20]!r} in two ways")
        storage.take = _part(path, begin + 8, storage.size)
        begin += 8 + storage.size
    return found


def _part(path: Path, begin: int, size: int) -> Callable[[], bytes]:
    def take() -> bytes:
        with path.open("rb") as file:
            file.seek(begin)
            return file.read(size)

    return take


def _unpickled(file: BytesIO, place: Callable[[Storage, str], None] | None = None, order: Order = "<") -> Any:
    """What the next pickle of a file holds."""
    return _Tensors(next_pickle(file), place, order).load()


class _Tensors(pickle.Unpickler):
    """Makes plain values and StoredTensors, and calls nothing but what stands here."""

    def __init__(self, content: bytes, place: Callable[[Storage, str], None] | None, order: Order) -> None:
        super().__init__(BytesIO(content))
        self._place = place
        self._order: Order = order
        self._storages: dict[str, Storage] = {}
        self._rebuild = Call(self._tensor)

    def find_class(self, module: str, name: str) -> Any:
        match module, name:
            case "torch", _ if name in _DTYPES:
                return _DTYPES[name]
            case "torch._utils", "_rebuild_tensor_v2":
                return self._rebuild
            case ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state"):
                return Call(_first)
            case "torch._tensor", "_rebuild_from_type_v2":
                return Call(self._of_class)
            case "torch", "Size":
                return Call(_first)
            case "collections", "OrderedDict":
                return Call(_table)
            case (("numpy.core.multiarray" | "numpy._core.multiarray"), "_reconstruct"):
                return NumpyArray
            case ("torch._utils", _) | ("torch.serialization", "_get_layout"):
                return OtherTensor
            case _ if (module, name) in _INERT or module.partition(".")[0] in ("numpy", "torch"):
                return Inert
            case _:
                raise NoTensors(f"holds more than tensors: it asks for {module[:60]}.{name[:60]}, which is not run")

    def persistent_load(self, pid: Any) -> Storage:
        match pid:
            case ("storage", str(dtype), str(key), _, int(count), *rest) if (
                dtype in _DTYPES.values() and 0 <= count < 2**60 and not any(rest)
            ):
                pass
            case _:
                raise NoTensors("holds storages of a sort that only torch can read")
        known = self._storages.get(key)
        if known is not None and (known.dtype, known.count) == (dtype, count):
            return known
        if known is not None or self._place is None:
            raise NoTensors(f"declares the storage {key[:20]!r} in two ways")
        storage = self._storages[key] = Storage(dtype, count)
        self._place(storage, key)
        return storage

    def _tensor(self, storage: Any, offset: Any, shape: Any, stride: Any, *rest: Any) -> StoredTensor:
        numbers = (offset, *shape, *stride)
        if not isinstance(storage, Storage) or len(shape) != len(stride) or len(shape) > 32:
            raise NoTensors("holds a tensor without its storage")
        if not all(type(number) is int and 0 <= number < 2**60 for number in numbers):
            raise NoTensors("holds a tensor with a shape, strides or an offset that mean nothing")
        last = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
        if 0 not in shape and last >= storage.count:
            raise NoTensors("holds a tensor that reaches beyond its storage")
        size = prod(shape) * _width(storage.dtype)
        if size > max(LARGEST_VIEW, storage.size):
            raise NoTensors(f"holds {storage.size:,} bytes expanded to {size:,}: save `tensor.clone()`")
        if rest[2:] and rest[2]:
            raise NoTensors("holds a tensor whose sign is kept beside it: save `tensor.resolve_neg().clone()`")
        return StoredTensor(storage.dtype, tuple(shape), tuple(stride), offset, storage, self._order)

    def _of_class(self, make: Any, _: Any, arguments: Any, *__: Any) -> Any:
        """A tensor that carries attributes, or is of a class of its own."""
        if make is not self._rebuild:
            raise NoTensors("holds a tensor of a class that isn't torch's")
        return make(*arguments)


_INERT = {("_codecs", "encode")}


def _first(value: Any, *_: Any) -> Any:
    return value


def _table(*_: Any) -> dict[Any, Any]:
    return {}


def _width(dtype: str) -> int:
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
