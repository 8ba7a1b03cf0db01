"""Files of MATLAB: what scipy reads of them, without believing what they say of themselves."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples
from scipy.io import loadmat, savemat

from lmcspec.science.data.sets.matlab import read_mat
from lmcspec.science.data.sets.svhn import _part

KINDS = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]


@settings(max_examples=examples(0.5), deadline=None)
@given(
    st.sampled_from(KINDS),
    st.lists(st.integers(0, 5), min_size=2, max_size=4),
    st.booleans(),
    st.integers(0, 2**32 - 1),
    st.text("abcdefghij", min_size=1, max_size=20),
)
def test_arrays_are_those_that_scipy_reads(tmp_path_factory, kind, shape, compressed, seed, name):
    path = tmp_path_factory.mktemp("mat") / "x.mat"
    drawn = np.random.default_rng(seed)
    array = (drawn.integers(-100, 100, shape) if kind[0] == "i" else drawn.random(shape) * 100).astype(kind)
    others = {f"{name}_before": np.ones(3), name: array, f"{name}_text": "text", f"{name}_list": [{"a": 1}, "b"]}
    savemat(path, others, do_compression=compressed, long_field_names=True)
    wanted, (found,) = loadmat(path)[name], read_mat(path, (name,)).values()
    assert found.shape == wanted.shape and found.dtype == wanted.dtype and np.array_equal(found, wanted)


def test_other_contents_are_refused(tmp_path):
    path = tmp_path / "x.mat"
    for content in ("a text", {"a": 1}, np.array([1, "b", {}], dtype=object), np.ones(3) * 1j):
        savemat(path, {"X": content})
        with pytest.raises(ValueError, match="something else than plain numbers"):
            read_mat(path, ("X",))
    assert read_mat(path, ("Y",)) == {}


def element(kind, data, size=None):
    return struct.pack("<II", kind, len(data) if size is None else size) + data + b"\0" * (-len(data) % 8)


def variable(dims, data=b"", said=None, kind=9):
    flags = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack(f"<{len(dims)}i", *dims))
    return flags + element(1, b"X") + element(2, data, said)


def bomb(size):
    """A compressed variable of so many zeros."""
    begin = variable((32, 32, 3, size // 3072), said=size)
    packed = zlib.compressobj(9)
    parts = [packed.compress(struct.pack("<II", 14, len(begin) + size) + begin)]
    parts += [packed.compress(bytes(2**20)) for _ in range(size // 2**20)]
    content = b"".join([*parts, packed.flush()])
    return struct.pack("<II", 15, len(content)) + content


def nested(deep):
    content = b""
    for _ in range(deep):
        content = element(
            14, element(6, struct.pack("<II", 1, 0)) + element(5, struct.pack("<2i", 1, 1)) + element(1, b"X") + content
        )
    return content


HOSTILE = {
    "numbers that are not there": (element(14, variable((32, 32, 3, 1000), said=2**31 - 8)), 0),
    "more than the file": (element(14, variable((32, 32, 3, 10)), 2**31), 2**32),
    "a list of 2^30": (element(14, variable((2**15, 2**15), kind=1)[:-8]), 0),
    "2^120 numbers": (element(14, variable((2**30,) * 4)), 0),
    "sizes below nothing": (element(14, variable((-1, -1), b"x")), 0),
    "no sizes": (element(14, variable((), b"x" * 8)), 0),
    "lists in lists": (nested(2000), 0),
    "a hundred thousand": (element(14, variable((1, 1), b"x").replace(b"X", b"Z")) * 100_000, 0),
    "holes": (b"", 2**32),
    "what is no part": (element(14, b"\xff" * 64), 0),
    "a compressed nothing": (element(15, zlib.compress(b"")), 0),
    "a compressed lie": (element(15, b"x\x9c" + b"\xff" * 100), 0),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.timeout(10)
def test_what_lies_is_refused_at_once(tmp_path, what):
    content, size = HOSTILE[what]
    path = tmp_path / "train_32x32.mat"
    path.write_bytes((b"MATLAB 5.0 MAT-file" + b" " * 200)[:124] + b"\0\1IM" + content)
    if size:
        with path.open("r+b") as file:
            file.truncate(size)
    with pytest.raises(ValueError, match="is no such file of MATLAB") as caught:
        _part(path)
    assert str(path) in str(caught.value)


def test_what_expands_is_cut_off(tmp_path, monkeypatch):
    """2 GiB of zeros in two million bytes, of which no more is made than a file may have."""
    from lmcspec.science.data.sets import matlab

    monkeypatch.setattr(matlab, "MOST", 2**24)
    path = tmp_path / "train_32x32.mat"
    path.write_bytes((b"MATLAB 5.0 MAT-file" + b" " * 200)[:124] + b"\0\1IM" + bomb(2**28))
    with pytest.raises(ValueError, match=r"of 16,7.* numbers"):
        _part(path)
