"""Tensors of .safetensors files by name, unread. Without torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lmcspec.science.data.distilled.stored_tensor import NoTensors
from lmcspec.science.data.pickle_bounds import short_message

_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}


@dataclass(frozen=True, slots=True, eq=False)
class OfSafetensors:
    """A tensor of a .safetensors file, unread: numpy's name of its numbers (or `others`), and its shape."""

    dtype: str
    shape: tuple[int, ...]
    name: str
    file: Any
    """The file, open: each opening reads the names of all its tensors."""

    def read(self) -> np.ndarray:
        """The values, as numpy has them."""
        return self.file.get_tensor(self.name)


def read_safetensors(path: Path) -> tuple[dict[str, OfSafetensors], dict[str, str]]:
    """The tensors of a file by name, unread, and its metadata. NoTensors, going on after its name, where it is none."""
    from safetensors import safe_open

    try:
        file = safe_open(path, framework="numpy")  # closed once nothing of it is waited for
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (it is no table)
        tensors = {
            name: OfSafetensors(_DTYPES.get(str(part.get_dtype()), "others"), tuple(part.get_shape()), name, file)
            for name, part in slices.items()
        }
        return tensors, dict(file.metadata() or {})
    except Exception as error:  # safetensors' own error class has no stable name
        raise NoTensors(f"is no file of safetensors: {short_message(error)}") from error
