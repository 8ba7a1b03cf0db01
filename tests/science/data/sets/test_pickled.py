"""Pickles of plain values and arrays are read; those that ask for code, or for more than they hold, are not."""

import gzip
import itertools
import pickle
import resource

import numpy as np
import pytest

from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.sets.pickled import read_pickle


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
@pytest.mark.parametrize("protocol", [2, 5])
def test_arrays_of_all_plain_numbers_come_back(tmp_path, kind, order, protocol):
    value = np.asarray(np.arange(6).reshape(2, 3) % 3, dtype=kind, order=order)
    (tmp_path / "batch").write_bytes(pickle.dumps({"a": {"b": value}}, protocol))
    found = read_pickle(tmp_path / "batch")["a"]["b"]
    assert found.dtype == value.dtype and np.array_equal(found, value) and found.flags.writeable


@pytest.mark.parametrize("protocol", range(6))
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


@pytest.mark.parametrize("axes", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("step", [1, 2])
def test_arrays_in_any_order_of_axes_come_back(tmp_path, axes, step):
    """Protocol 5 writes what lies in memory without a gap as it lies there."""
    value = np.arange(48.0).reshape(2, 6, 4).transpose(axes)[::step]
    (tmp_path / "batch").write_bytes(pickle.dumps(value, 5))
    assert np.array_equal(read_pickle(tmp_path / "batch"), value)


class Rebuilt:
    """What pickles as numpy's function, called with whatever is told."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return np._core.numeric._frombuffer, self.arguments


@pytest.mark.parametrize(
    "arguments",
    [
        (b"123456", np.dtype("u1"), (2, 4), "C"),
        (b"123456", np.dtype("u1"), (2, -3), "C"),
        (b"123456", np.dtype("u1"), 6, "C"),
        (b"123456", np.dtype("u1"), (2, 3), "K"),
        (b"123456", np.dtype("u1"), (2, 3), "K", (0, 0)),
        (b"123456", np.dtype("u1"), (2, 3), "K", (0, 1, 2)),
        (b"123456", np.dtype("u1"), (2, 3), "A"),
        (b"123456", "u1", (2, 3), "C"),
        (b"12345678", np.dtype("O"), (1,), "C"),
        (None, np.dtype("u1"), (0,), "C"),
        (b"123456",),
    ],
)
def test_what_protocol_5_says_of_an_array_is_held_against_its_bytes(tmp_path, arguments):
    (tmp_path / "batch").write_bytes(pickle.dumps(Rebuilt(*arguments), 5))
    with pytest.raises(DataError, match="can't be read"):
        read_pickle(tmp_path / "batch")


class Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit('it ran')",))


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("what", [Bomb(), {"data": [Bomb()]}, gzip.decompress, np.load, np.random.default_rng])
def test_a_pickle_that_asks_for_code_is_refused(tmp_path, what, protocol):
    (tmp_path / "batch").write_bytes(pickle.dumps(what, protocol))
    with pytest.raises(DataError, match="asks for"):
        read_pickle(tmp_path / "batch")


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_plain_values_are_read_in_every_protocol(tmp_path, protocol):
    value = {"a": [1, 2.5, None, "é", b"\xff\0"], "data": np.arange(6, dtype=np.uint8).reshape(2, 3)}
    (tmp_path / "batch").write_bytes(pickle.dumps(value, protocol))
    found = read_pickle(tmp_path / "batch")
    assert found["a"] == value["a"]
    assert np.array_equal(found["data"], value["data"])


def test_a_pickle_as_python_2_wrote_it(tmp_path):
    """Strings are bytes there, and arrays are rebuilt by numpy's function under its old name."""
    text = (
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87"
        b"Rq\x05(K\x01K\x02K\x02\x86cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff"
        b"\xff\xff\xffK\x00tb\x89U\x04\x01\xfe\x03\x04tbU\x06labelsq\x08]q\t(K\x05K\x06eu."
    )
    (tmp_path / "batch").write_bytes(text)
    found = read_pickle(tmp_path / "batch")
    assert found["labels"] == [5, 6]
    assert found["data"].tolist() == [[1, 254], [3, 4]]
