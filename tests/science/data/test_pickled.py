"""Pickles that ask for more than they hold."""

import pickle
import resource

import numpy as np
import pytest

from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.pickled import read_pickle


@pytest.mark.parametrize("place", [b"r\xff\xff\xff\x3f", b"p1000000000\n"], ids=["binary", "text"])
def test_a_memo_with_places_that_it_does_not_fill_takes_no_memory(tmp_path, place):
    """A bit that turned in a file of 150 bytes took 21 GB."""
    (tmp_path / "batch").write_bytes(b"\x80\x02K\x01" + place + b".")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match="its memo has places"):
        read_pickle(tmp_path / "batch")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"|", b"O"),  # an order of bytes that there is none of
        (b"u1", b"O8"),
        (b"u1", b"V8"),
        (b"u1", b"u8"),
        (b"K\x02K\x03", b"K\x02K\x09"),
        (b"K\x02K\x03", b"K\x02J\xff\xff\xff\xff"),
        (b"J\xff\xff\xff\xff", b"J\xff\xff\xff\x7f"),  # flags of numpy's own, which it would believe
    ],
)
def test_what_is_said_of_an_array_is_held_against_its_bytes(tmp_path, old, new):
    content = pickle.dumps(np.arange(6, dtype=np.uint8).reshape(2, 3), 2)
    assert old in content
    (tmp_path / "batch").write_bytes(content.replace(old, new, 1))
    if old[:1] == b"J":
        assert read_pickle(tmp_path / "batch").tolist() == [[0, 1, 2], [3, 4, 5]]
    else:
        with pytest.raises(DataError, match="can't be read"):
            read_pickle(tmp_path / "batch")


@pytest.mark.parametrize("kind", ["<i8", ">i8", "<f4", ">f8", "|u1", "|b1", "<f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_all_plain_numbers_come_back(tmp_path, kind, order):
    value = np.asarray(np.arange(6).reshape(2, 3) % 3, dtype=kind, order=order)
    (tmp_path / "batch").write_bytes(pickle.dumps({"a": {"b": value}}, 2))
    found = read_pickle(tmp_path / "batch")["a"]["b"]
    assert found.dtype == value.dtype and np.array_equal(found, value) and found.flags.writeable


@pytest.mark.parametrize("protocol", range(5))
def test_what_official_files_hold_is_read(tmp_path, protocol):
    value = {
        "data": np.arange(6, dtype=np.uint8).reshape(2, 3),
        "labels": [1, 2],
        "names": ["a", "ä"],
        "label": b"\xff",
    }
    (tmp_path / "batch").write_bytes(pickle.dumps(value, protocol))
    found = read_pickle(tmp_path / "batch")
    assert np.array_equal(found.pop("data"), value.pop("data"))
    assert found == value
