"""What the pickle in a file of torch.save may name: tensors, lists, tables and plain values; nothing of it is run.

Each name that it asks for stands for something inert, or is refused.
"""

import pickle
from collections.abc import Callable
from io import BytesIO
from math import prod
from typing import Any

from lmcspec.science.data.distilled.stored_tensor import NoTensors, Order, Storage, StoredTensor, itemsize
from lmcspec.science.data.pickle_bounds import Call, next_pickle

LARGEST_VIEW = 2**30
"""Bytes of a tensor that is larger than its storage, as expanded ones are."""
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
_INERT = {("_codecs", "encode")}


class Inert:
    """Something in a file that isn't a tensor, a list, a table or a plain value: it keeps its name and does nothing."""

    what = "an object"

    def __init__(self, *_: Any) -> None:
        """Drop all of which the object would be made."""

    def __setstate__(self, _: Any) -> None:
        """Drop the state that the object would be given."""


class NumpyArray(Inert):
    """What stands for an array of numpy's in a file."""

    what = "an array of numpy"


class OtherTensor(Inert):
    """A tensor that isn't a plain one on the CPU or a GPU."""

    what = "a sparse, quantised or otherwise special tensor"


def unpickled(file: BytesIO, place: Callable[[Storage, str], None] | None = None, order: Order = "<") -> Any:
    """What the next pickle of a file holds. `place` is told of each storage and its key, once."""
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
        size = prod(shape) * itemsize(storage.dtype)
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


def _first(value: Any, *_: Any) -> Any:
    return value


class Table(dict):
    """A table that carries attributes, as a network's `state_dict` does: these are dropped."""

    __slots__ = ()

    def __setstate__(self, _: Any) -> None:
        """Drop what the table would be given beside its entries."""


def _table(*_: Any) -> Table:
    return Table()
