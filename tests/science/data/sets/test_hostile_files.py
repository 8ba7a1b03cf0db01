"""Pictures and arrays that are small on a disk and huge to whoever believes them: refused within seconds, in little memory."""

import os
import struct
import time
import tracemalloc
import zlib

import pytest

from lmcspec.base.errors import LmcspecError
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.sets import pictures
from lmcspec.science.data.sets.decode import decode
from lmcspec.science.data.sets.idx import read_idx
from lmcspec.science.data.sets.pickled import read_pickle

SECONDS = 8.0
"""For one file, on a busy machine; each took a minute or more."""
MEMORY = 64 * 2**20
SIDE = 60_000


def chunk(kind, data, size=None):
    crc = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data) if size is None else size) + kind + data + crc


def png(side, *chunks):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks)


def tags(*entries):
    return (
        b"II*\0\x08\0\0\0"
        + struct.pack("<H", len(entries))
        + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    )


def bitmap(side):
    return struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)


PIXELS = zlib.compress(bytes(1000))
SIZES = [(256, 4, 1, SIDE), (257, 4, 1, SIDE), (258, 4, 1, 8), (259, 4, 1, 1), (273, 4, 1, 8)]
PICTURES = {
    "png of 60,000 x 60,000": (png(SIDE, chunk(b"IDAT", PIXELS)), 0),
    "png with a text of 2 GiB": (png(4, struct.pack(">I", 2**31 - 1) + b"tEXtk\0"), 2**32),
    "png with a text that expands": (png(4, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**28))), chunk(b"IDAT", PIXELS)), 0),
    "png with a piece of 2 GiB": (png(4, struct.pack(">I", 2**31 - 1) + b"IDAT"), 2**32),
    "webp of 4 GiB": (b"RIFF" + struct.pack("<I", 2**32 - 10) + b"WEBPVP8 " + struct.pack("<I", 2**31), 2**32),
    "avif of 4 GiB": (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", 2**32),
    "jpeg 2000 of 4 GiB": (b"\0\0\0\x0cjP  \r\n\x87\n" + struct.pack(">I", 2**31) + b"jp2h", 2**32),
    "tiff of 60,000 x 60,000": (tags(*SIZES), 2**32),
    "tiff with a text of 2 GiB": (tags((270, 2, 2**31 - 1, 100)), 2**32),
    "tiff that leads to itself": (tags((256, 4, 1, 4)) + struct.pack("<I", 8), 0),
    "bmp of 60,000 x 60,000": (b"BM" + struct.pack("<IHHI", 2**32 - 1, 0, 0, 54) + bitmap(SIDE), 2**32),
    "ppm of 60,000 x 60,000": (b"P6 60000 60000 255\n", 0),
    "ppm of digits": (b"P6 " + b"1" * 100_000 + b" 4 255\n", 0),
    "ppm with a word without end": (b"P6 #", 2**27),
    "jpeg of 60,000 x 60,000": (b"\xff\xd8\xff\xc0\0\x11\x08\xea\x60\xea\x60\3\1\x11\0\2\x11\0\3\x11\0\xff\xda", 0),
    "jpeg without a next part": (b"\xff\xd8\xff\xe2\0\4\0\0", 2**27),
    "jpeg of fillers": (b"\xff\xd8" + b"\xff" * 2**21, 0),
    "gif of words": (b"GIF89a" + struct.pack("<HHBBB", SIDE, SIDE, 0, 0, 0) + b"!\xfe" + (b"\xff" + b"a" * 255) * 4000, 0),
    "nothing but holes": (b"", 2**32),
}  # fmt: skip


def put(path, content, size):
    path.write_bytes(content)
    if size:
        os.truncate(path, size)
    return path


@pytest.mark.parametrize("what", PICTURES)
def test_a_picture_that_lies_is_refused_soon(tmp_path, what):
    path = put(tmp_path / "x.png", *PICTURES[what])
    refused_soon(path, lambda: decode(path, None))


def refused_soon(path, read):
    tracemalloc.start()
    began = time.monotonic()
    try:
        with pytest.raises((LmcspecError, ValueError)) as caught:
            read()
        taken, (_, peak) = time.monotonic() - began, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(path) in str(caught.value)
    assert taken < SECONDS and peak < MEMORY, f"{taken:.1f} s, {peak:,} bytes"


def test_a_file_that_is_too_large_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match="has 4,294,967,296 bytes, more than 268,435,456") as caught:
        pictures.picture(put(tmp_path / "x.png", b"", 2**32))
    assert "compressed" in caught.value.help


@pytest.mark.parametrize(
    ("head", "size"),
    [
        (b"\0\0\x08\x03" + struct.pack(">III", 2**31, 2**9, 1), 16),
        (b"\0\0\x08\x03" + struct.pack(">III", 2**31, 2**9, 1), 2**32),
        (b"\0\0\x08\x03" + struct.pack(">III", 2**16, 2**8, 2**8), 16 + 2**32),
        (b"\0\0\x08\x01" + struct.pack(">I", 100), 2**30),
        (b"\0\0\x08\xff" + b"\xff" * 1020, 2**32),
    ],
)
def test_an_idx_file_of_2_to_the_40_numbers(tmp_path, head, size):
    path = put(tmp_path / "x.idx", head, size)
    refused_soon(path, lambda: read_idx(path))


def test_a_pickle_of_holes(tmp_path):
    path = put(tmp_path / "x.pickle", b"\x80\x04\x8e" + struct.pack("<Q", 2**40), 2**32)
    refused_soon(path, lambda: read_pickle(path))
