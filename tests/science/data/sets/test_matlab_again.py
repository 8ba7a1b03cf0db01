"""MATLAB's files that say one thing many times over, or small numbers of a large kind."""

import struct
import zlib

import numpy as np
import pytest

from lmcspec.science.data.sets import matlab
from lmcspec.science.data.sets.matlab import read_mat

HEAD = (b"MATLAB 5.0 MAT-file" + b" " * 200)[:124] + b"\0\1IM"


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def variable(count, kind):
    """X: so many bytes, which are numbers of a kind."""
    flags = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack("<2i", 1, count))
    return element(14, flags + element(1, b"X") + element(2, bytes(count)))


def test_what_is_there_already_is_not_expanded_again(tmp_path, monkeypatch):
    packed = zlib.compress(variable(4096, 9))
    path = tmp_path / "x.mat"
    path.write_bytes(HEAD + (struct.pack("<II", 15, len(packed)) + packed) * 50)
    expand, expanded = matlab._expanded, []
    monkeypatch.setattr(matlab, "_expanded", lambda data, most: expanded.append(most) or expand(data, most))
    assert read_mat(path, ("X",))["X"].shape == (1, 4096)
    assert expanded.count(matlab.MOST) == 1


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "compressed"])
def test_numbers_take_no_more_than_a_variable_may(tmp_path, monkeypatch, packed):
    monkeypatch.setattr(matlab, "MOST", 2**16)
    path = tmp_path / "x.mat"
    for count, fits in ((2**13, True), (2**13 + 8, False)):
        content = variable(count, 6)
        if packed:
            content = zlib.compress(content)
            content = struct.pack("<II", 15, len(content)) + content
        path.write_bytes(HEAD + content)
        if fits:
            assert np.array_equal(read_mat(path, ("X",))["X"], np.zeros((1, count)))
        else:
            with pytest.raises(ValueError, match=r"8,200 numbers of 8 bytes are more than 65,536 bytes"):
                read_mat(path, ("X",))
