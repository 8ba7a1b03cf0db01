"""Files of torch.save, read without torch: which tensors they hold, and their values as torch.load would give them.

No code in a file is run (`torch_pickle`). Memory is bounded by the file: parts that are compressed are refused, as
torch never does that, and of what is pickled beside the numbers `next_pickle` says what it may take, 145 million bytes.
"""

from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_STORED, ZipInfo

from lmcspec.science.data.distilled.stored_tensor import NoTensors, Order, Storage, as_no_tensors
from lmcspec.science.data.distilled.torch_pickle import unpickled
from lmcspec.science.data.distilled.zip_directory import Parts

LARGEST_PICKLE = 4 * 2**20
"""Bytes of what is beside the numbers; a published set has a few thousand."""
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


def read_torch(path: Path, file: BinaryIO) -> Any:
    """What a file of torch.save holds, with StoredTensor for tensors; `file` is it, opened.

    Raises NoTensors for anything else. Nothing but its pickle is read; a tensor's numbers are by `read`.
    """
    try:
        start = file.read(4)
        file.seek(0)
        return _read_zip(path, file) if start == b"PK\x03\x04" else _read_old(path, file)
    except Exception as error:
        raise as_no_tensors(error) from error


def _read_zip(path: Path, file: BinaryIO) -> Any:
    parts = Parts(path, file)
    entries = {entry.filename: entry for entry in parts}
    pickles = [name for name in entries if name.rpartition("/")[2] == "data.pkl"]
    if len(pickles) != 1:
        raise NoTensors("is a zip archive that torch.save did not write")
    folder = pickles[0].removesuffix("data.pkl")
    if f"{folder}constants.pkl" in entries:
        raise NoTensors("holds a TorchScript module, not tensors")
    _check_entry(entries[pickles[0]], parts.size)
    if entries[pickles[0]].file_size > LARGEST_PICKLE:
        raise NoTensors(f"holds more beside its numbers than {LARGEST_PICKLE:,} bytes")
    content = parts.read(entries[pickles[0]], file)
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

    return unpickled(BytesIO(content), place, ">" if big else "<")


def _check_entry(entry: ZipInfo, size: int) -> None:
    if entry.compress_type != ZIP_STORED:
        raise NoTensors("is compressed, which files of torch.save never are: load and save it again with torch")
    if entry.file_size != entry.compress_size or entry.file_size > size:
        raise NoTensors("declares parts that are larger than the whole file")


def _read_old(path: Path, file: BinaryIO) -> Any:
    """As torch wrote before 1.6: five pickles, then each storage as its length in 8 bytes and its numbers."""
    head = BytesIO(file.read(LARGEST_PICKLE))
    size = file.seek(0, 2)
    if head.getbuffer()[:1] != b"\x80" or unpickled(head) != _MAGIC:
        raise NoTensors("was not written by torch.save")
    if unpickled(head) != _PROTOCOL:
        raise NoTensors("was written by a torch that is too old")
    machine = unpickled(head)
    order: Order = "<" if not isinstance(machine, dict) or machine.get("little_endian", True) else ">"
    storages: dict[str, Storage] = {}

    def place(storage: Storage, key: str) -> None:
        storages[key] = storage

    content = unpickled(head, place, order)
    keys = unpickled(head)
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
    return content


def _part(path: Path, begin: int, size: int) -> Callable[[], bytes]:
    def take() -> bytes:
        with path.open("rb") as file:
            file.seek(begin)
            return file.read(size)

    return take
