"""Files of safetensors as they are: a header in JSON, then numbers. Notes are put into the one, the others are copied.

safetensors' own writer puts several notes in an order of chance, so that equal exports would not be equal files.
"""

import json
import os
import shutil
from collections.abc import Mapping
from typing import IO

from typing_extensions import TypedDict

from lmcspec.base.documents import DocumentError, parse_document

LARGEST_HEADER = 10**8
"""Bytes, as safetensors itself has it."""
_ALIGNED = 8
_NOTES = "__metadata__"


class Tensor(TypedDict):
    """What a header says of a tensor."""

    dtype: str
    """Such as `F32`, `I64` or `BOOL`."""
    shape: list[int]
    data_offsets: list[int]


def read_header(file: IO[bytes], name: str) -> dict[str, Tensor]:
    """The tensors of an open file by name, in order; it stands where their numbers begin. DocumentError for others."""
    size = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    if length > min(LARGEST_HEADER, size - 8):
        raise DocumentError(name, "is no file of safetensors: its header is longer than the file, or than any")
    header = parse_document(file.read(length), name, dict[str, dict])
    header.pop(_NOTES, None)
    return parse_document(json.dumps(header), name, dict[str, Tensor])


def write_with_notes(target: IO[bytes], source: IO[bytes], header: Mapping[str, Tensor], notes: dict[str, str]) -> None:
    """Write the header with notes, and after it what is left of a file of which that was read."""
    target.write(_head(header, notes))
    shutil.copyfileobj(source, target)


def with_notes(content: bytes, notes: dict[str, str]) -> bytes:
    """A file in memory, which safetensors wrote without notes, with some."""
    length = int.from_bytes(content[:8], "little")
    header = parse_document(content[8 : 8 + length], "what was written", dict[str, Tensor])
    return _head(header, notes) + content[8 + length :]


def _head(header: Mapping[str, Tensor], notes: dict[str, str]) -> bytes:
    text = json.dumps({_NOTES: notes, **header}, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNED)
    return len(text).to_bytes(8, "little") + text
