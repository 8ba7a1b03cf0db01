"""Files of results that hold something else than their task would have written: a note in the place of a figure."""

import os
import struct
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import save

from lmcspec.report.figures import images, landscape
from lmcspec.tasks import Part

SCALARS = {"x": [0.0, 1.0, 2.0], "y": [0.0, 1.0], "places": []}
TASK = SimpleNamespace(params=SimpleNamespace(plane="orthonormal"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * 1000,
        save({}),
        save({"other": np.zeros((2, 3))}),
        save({"test_loss": np.zeros((3, 2))}),
        save({"test_loss": np.zeros(6)}),
        save({"test_loss": np.zeros((0, 0))}),
        save({"test_loss": np.full((2, 3), np.nan)}),
    ],
)
def test_a_landscape_that_is_none(tmp_path, content):
    (tmp_path / landscape.FILE).write_bytes(content)
    assert isinstance(landscape._read(tmp_path, SCALARS, TASK, "", "loss"), str)  # pyright: ignore[reportArgumentType]


def test_a_landscape_of_holes(tmp_path):
    (tmp_path / landscape.FILE).write_bytes(b"")
    os.truncate(tmp_path / landscape.FILE, 2**40)
    assert "more than" in str(landscape._read(tmp_path, SCALARS, TASK, "", "loss"))  # pyright: ignore[reportArgumentType]


def test_a_sound_one_is_read(tmp_path):
    (tmp_path / landscape.FILE).write_bytes(save({"test_loss": np.ones((2, 3))}))
    split, ground = landscape._read(tmp_path, SCALARS, TASK, "", "loss")  # pyright: ignore[reportArgumentType]
    assert split == "test" and ground.lowest == 1


def test_a_grid_of_3_600_million_pixels(tmp_path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    file = tmp_path / "grid.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))))
    task = SimpleNamespace(
        params=SimpleNamespace(model=Part.of({"classes": 10}), method=Part.of({"ipc": 1, "method": "dm"}))
    )
    for content in (file.read_bytes(), b"", b"nothing"):
        file.write_bytes(content)
        said = images._picture("dm", task, file)  # pyright: ignore[reportArgumentType]
        assert isinstance(said, str) and str(file) in said
