"""A file of safetensors that says the digest of its tensors, written without a second copy of them in memory.

Bytes go to the file as they lie in the tensors, and are hashed meanwhile: for a large model a checkpoint would else
take three times as long as the disk does. The form is that of the library, which reads it.
"""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

DIGEST = "sha256"
"""The key of the digest among what the file says."""


def write_hashed(file: IO[bytes], tensors: "Mapping[str, Tensor]", says: Mapping[str, str]) -> None:
    """Write tensors on the CPU at the beginning of a file that can be written anywhere, with their digest.

    Its metadata are that and `says`. Raises ValueError for numbers that the format has not.
    """
    # Large numbers first, so that each lies where it can be read in place.
    order = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    named = {name: tensors[name] for name in order}
    with ThreadPoolExecutor(1) as beside:
        hashing = beside.submit(digest, tensors)
        file.write(_head(named, {**says, DIGEST: "0" * 64}))
        for tensor in named.values():
            file.write(_bytes(tensor))
        file.seek(0)
        file.write(_head(named, {**says, DIGEST: hashing.result()}))


def digest(tensors: "Mapping[str, Tensor]") -> str:
    """sha256 over the names, types, shapes and bytes of tensors on the CPU, in the order of their names."""
    sha256 = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        sha256.update(json.dumps([name, str(value.dtype), list(value.shape)]).encode())
        sha256.update(_bytes(value))
    return sha256.hexdigest()


def _bytes(tensor: "Tensor") -> memoryview:
    import torch

    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data


def _head(tensors: "Mapping[str, Tensor]", says: Mapping[str, str]) -> bytes:
    document: dict[str, object] = {"__metadata__": dict(says)}
    offset = 0
    for name, tensor in tensors.items():
        kind = str(tensor.dtype).removeprefix("torch.")
        if kind not in _NUMBERS:
            raise ValueError(f"{name!r} holds {kind}, which no file of safetensors can")
        size = tensor.numel() * tensor.element_size()
        shape = list(tensor.shape)
        document[name] = {"dtype": _NUMBERS[kind], "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


_NUMBERS = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint8": "U8",
    "bool": "BOOL",
}
"""The format's names of torch's numbers."""
