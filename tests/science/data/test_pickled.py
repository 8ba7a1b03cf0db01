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
