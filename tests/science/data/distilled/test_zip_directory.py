"""Archives whose list of parts is long are refused before it is read, whatever they say of its length and where."""

import struct
import tracemalloc
import zipfile

import pytest
import torch

from lmcspec.science.data.distilled.stored_tensor import NoTensors
from lmcspec.science.data.distilled.torch_file import read_torch
from lmcspec.science.data.distilled.zip_directory import Parts

PARTS = 300_000
LOCAL = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 4, 0) + b"x/ab"
ENTRY = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0) + b"x/ab"


def end(count, size, comment=b""):
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, len(LOCAL), len(comment)) + comment


def end_64(count, size):
    place = len(LOCAL) + size
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, len(LOCAL))
    return record + struct.pack("<4sLQL", b"PK\x06\x07", 0, place, 1) + end(0xFFFF, 0xFFFFFFFF)


ENDS = {
    "plain": lambda count, size: end(count % 2**16, size),
    "its count is a lie": lambda _, size: end(1, size),
    "with a comment": lambda _, size: end(1, size, b"PK" * 30_000),
    "64 bits": end_64,
    "64 bits, its count is a lie": lambda _, size: end_64(1, size),
}


@pytest.mark.parametrize("kind", ENDS)
def test_a_long_list_of_parts_takes_no_memory(tmp_path, kind):
    path = tmp_path / "x.pt"
    path.write_bytes(LOCAL + ENTRY * 3 + ENDS[kind](3, 3 * len(ENTRY)))
    with zipfile.ZipFile(path) as archive:
        assert len(archive.infolist()) == 3, "it is the length that is refused, and no archive that is none"
    path.write_bytes(LOCAL + ENTRY * PARTS + ENDS[kind](PARTS, PARTS * len(ENTRY)))
    tracemalloc.start()
    try:
        with path.open("rb") as file, pytest.raises(NoTensors, match="its list of parts is longer than 4 MiB"):
            read_torch(path, file)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_lists_of_usual_length_are_read(tmp_path):
    path = tmp_path / "x.pt"
    torch.save([torch.full((1,), one) for one in range(500)], path)
    with path.open("rb") as file:
        found = read_torch(path, file)
    assert [int(one.read()[0]) for one in (found[0], found[-1])] == [0, 499]
    with path.open("rb") as file:
        assert 50 * 500 < sum(46 + len(one.filename) + len(one.extra) for one in Parts(path, file)) < 70 * 500
