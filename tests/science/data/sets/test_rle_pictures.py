"""BMP files in short runs, which Pillow reads byte by byte: as many reads as they have bytes are no header without end."""

import struct

import numpy as np
import pytest
from PIL import Image

from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.sets import pictures


def run_length(values):
    """A BMP of 8 bits with a grey palette, each pixel a run of its own."""
    height, width = values.shape
    rows = [b"".join(struct.pack("BB", 1, value) for value in row) + b"\0\0" for row in values[::-1]]
    data = b"".join(rows)[:-2] + b"\0\1"
    palette = b"".join(struct.pack("BBBB", grey, grey, grey, 0) for grey in range(256))
    offset = 14 + 40 + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(data), 2835, 2835, 256, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + info + palette + data


def test_a_picture_in_short_runs_is_read(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (512, 512), dtype=np.uint8)
    path = tmp_path / "x.bmp"
    path.write_bytes(run_length(values))
    assert path.stat().st_size > pictures.READS
    seen = pictures.picture(path)
    assert np.array_equal(np.asarray(seen), np.asarray(Image.open(path).convert("RGB")))
    assert np.array_equal(np.asarray(seen)[..., 0], values)


def test_reads_end_however_long_the_data_say_they_are(tmp_path, monkeypatch):
    """Bounded by the size of the file, and by READS in its header."""
    values = np.zeros((64, 64), dtype=np.uint8)
    path = tmp_path / "x.bmp"
    path.write_bytes(run_length(values))
    monkeypatch.setattr(pictures, "READS", 3)
    with pytest.raises(DataError, match="without end"):
        pictures.picture(path)
    monkeypatch.setattr(pictures, "READS", 100)
    assert pictures.picture(path).size == (64, 64), "8,192 bytes of data are read one by one"
    monkeypatch.setattr(pictures._Counted, "allow", lambda counted, times: None)
    with pytest.raises(DataError, match="without end"):
        pictures.picture(path)
