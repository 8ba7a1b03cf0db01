"""Pickles that ask for more stack, time or memory than there is are refused before anything is made of them."""

import pickle
import pickletools
import resource
import subprocess
import sys
import time
import zipfile
from io import BytesIO

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from lmcspec.science.data import pickle_bounds
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.distilled.published import NoSet, read_published
from lmcspec.science.data.distilled.stored_tensor import NoTensors
from lmcspec.science.data.distilled.torch_file import read_torch
from lmcspec.science.data.distilled.torch_pickle import _Tensors
from lmcspec.science.data.pickle_bounds import EACH, INSTRUCTIONS, KEY, Call, Refused, next_pickle, short_message
from lmcspec.science.data.sets.pickled import read_pickle

DEEP = b")" + b"\x85" * 100_000
"""A tuple in a tuple in a …, whose hash takes as many calls of C inside each other."""
PAIRS = b")" + b"2\x86" * 64
"""A pair of one pair, twice, of one pair, twice, …: 2^64 parts."""
COLLIDING = b"".join(pickle.dumps(k * (2**61 - 1), 2)[2:-1] + b"N" for k in range(1, 20_001))
"""Integers whose hashes are all 0, so that each is compared with all before it."""


@pytest.mark.parametrize(
    "body",
    {
        "deep key": b"}" + DEEP + b"Ns",
        "deep keys": b"}(" + DEEP + b"Nu",
        "deep key of a table made at once": b"(" + DEEP + b"Nd",
        "deep member": b"\x8f(" + DEEP + b"\x90",
        "deep frozen member": b"(" + DEEP + b"\x91",
        "frozen sets around": b"}" + DEEP + b"(" + DEEP + b"\x91\x85Ns",
        "deep key by way of a list": b"](" + DEEP + b"q\x00e}h\x00Ns",
        "deep key by way of a call": b"}c_codecs\nencode\n" + DEEP + b"\x85RNs",
        "shared pairs": b"}" + PAIRS + b"Ns",
        "shared pairs by the memo": b"})" + b"q\x00h\x00\x86" * 64 + b"Ns",
        "colliding keys": b"}(" + COLLIDING + b"u",
        "a key of a million digits": b"}" + pickle.dumps(10**400_000, 2)[2:-1] + b"Ns",
        "empty sets": b"](" + b"\x8f" * 4_000_000 + b"e",
        "pairs of nothing": b"(" + b"0(" * 1_000_000,
        "a far place": b"Nr\xff\xff\xff\x3f",
        "a mark that isn't": b"Nt",
        "across a mark": b"N(\x85",
        "a place that isn't": b"h\x07",
        "nothing on top": b"(2",
    }.items(),
    ids=lambda one: one[0],
)
def test_what_asks_for_too_much_is_refused_by_both_readers(tmp_path, body):
    content = b"\x80\x04" + body[1] + b"."
    (tmp_path / "batch").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        archive.writestr("x/data.pkl", content)
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match="can't be read: "):
        read_pickle(tmp_path / "batch")
    with pytest.raises(NoSet, match="can't be read as tensors: "):
        read_published(tmp_path / "x.pt")
    assert time.process_time() - began < 8
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize(
    "body",
    [b"\x8f", b"}NNs", b"(\x91", b"(NNNNt", b"NN\x86", b"G" + bytes(8), b"M\xff\xff", b"\x8c\x04\xf0\x9f\x98\x80"],
    ids=["sets", "tables", "frozen sets", "tuples", "pairs", "floats", "integers", "strings"],
)
def test_memory_is_bounded_as_it_is_said(body):
    """As many objects as are let through, in a process of their own."""
    code = (
        "import pickle, resource, sys; from io import BytesIO; from lmcspec.science.data.pickle_bounds import *\n"
        f"def made(count): return b'\\x80\\x04(' + {body!r} * count + b't.'\n"
        "pickle.loads(next_pickle(BytesIO(made(10)))); peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"content = made(int(sys.argv[1])); before = peak(); found = pickle.loads(content); print(peak() - before)"
    )
    size = sum(1 for _ in pickletools.genops(body + b".")) - 1
    count = (INSTRUCTIONS - 4) // size
    content = b"\x80\x04(" + body * count + b"t."
    said = subprocess.run([sys.executable, "-c", code, str(count)], capture_output=True, text=True, check=True).stdout
    assert int(said) * 1024 < EACH * INSTRUCTIONS + 4 * len(content)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.dictionaries(st.text(max_size=3) | st.tuples(st.integers(), st.text(max_size=3)), parts, max_size=4)
        | st.lists(parts, max_size=4).map(tuple)
        | st.frozensets(st.integers() | st.tuples(st.integers()), max_size=4)
        | st.sets(st.integers(), max_size=4)
    ),
    max_leaves=30,
)


@given(values, st.integers(0, 5), st.binary(max_size=9))
@settings(max_examples=examples(1.0))
def test_whatever_python_pickles_passes_whole(value, protocol, after):
    content = pickle.dumps(value, protocol)
    file = BytesIO(content + after)
    assert next_pickle(file) == content
    assert file.read() == after


def parts(key) -> int:
    return 1 + sum(map(parts, key)) if isinstance(key, tuple) else 1


@given(st.integers(1, 20), st.integers(1, 200), st.integers(0, 5))
@settings(max_examples=examples(0.5))
def test_a_key_is_let_through_by_the_parts_that_it_has(deep, wide, protocol):
    """Each tuple holds the one before twice, or once and as many numbers as it takes."""
    key: tuple = ()
    for level in range(deep):
        key = (key, key) if level % 2 else (key, *range(wide))
    content = pickle.dumps({key: None}, protocol)
    if parts(key) <= KEY:
        assert next_pickle(BytesIO(content)) == content
    else:
        with pytest.raises(Refused, match="a key of more than 1,000 parts"):
            next_pickle(BytesIO(content))


def test_what_is_long_and_no_key_passes():
    value = {"labels": tuple(range(100_000)), "names": [f"{number}.png" for number in range(50_000)]}
    assert pickle.loads(next_pickle(BytesIO(pickle.dumps(value, 2)))) == value


def test_tables_that_share_their_parts_are_gone_through_once(tmp_path):
    """Copied as often as there are ways to them, these would be 2^60."""
    table: dict = {"x": np.arange(3, dtype=np.uint8)}
    for _ in range(60):
        table = {"a": table, "b": table}
    (tmp_path / "batch").write_bytes(pickle.dumps(table, 2))
    found = read_pickle(tmp_path / "batch")
    for _ in range(60):
        found = found["b"]
    assert found["x"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("what", ["arrays", "bytes"])
def test_bytes_are_copied_as_often_as_they_stand_there(tmp_path, what):
    """A megabyte in the memo and a hundred arrays of it, or of what it is encoded to."""
    text = b"X" + (2**20).to_bytes(4, "little") + b"a" * 2**20
    if what == "bytes":
        again = b"c_codecs\nencode\n" + b"h\x00X\x06\x00\x00\x00latin1\x86R"
    else:
        again = b"cnumpy.core.multiarray\n_reconstruct\n)R(K\x01J\x00\x00\x10\x00\x85cnumpy\ndtype\nX\x02\x00\x00\x00u1\x85R\x89h\x00tb"
    (tmp_path / "batch").write_bytes(b"\x80\x02](" + text + b"q\x00" + again * 100 + b"e.")
    with pytest.raises(DataError, match="again and again"):
        read_pickle(tmp_path / "batch")


@pytest.mark.parametrize("state", [["float32", (10**6,), (1,), 2**20], {"shape": (99,)}, (None, {"shape": (99,)})])
def test_a_tensor_is_not_changed_after_it_was_checked(tmp_path, state):
    """By its state it reached beyond its storage: `read` gave what lay in memory there."""
    torch.save(torch.zeros(4), tmp_path / "x.pt")
    with zipfile.ZipFile(tmp_path / "x.pt") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        for name, content in parts.items():
            changed = content[:-1] + pickle.dumps(state, 2)[2:-1] + b"b."
            archive.writestr(name, changed if name.endswith("data.pkl") else content)
    with pytest.raises(NoTensors, match="changes a tensor"), (tmp_path / "x.pt").open("rb") as file:
        read_torch(tmp_path / "x.pt", file)


@pytest.mark.parametrize("state", [{"x": 1}, (None, {"x": 1}), [1]])
@pytest.mark.parametrize(
    "name",
    ["torch FloatStorage", "torch Size", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter"]
    + ["torch._tensor _rebuild_from_type_v2", "collections OrderedDict", "numpy float64", "torch._utils _rebuild_x"],
)
def test_what_a_name_stands_for_is_not_changed(name, state):
    module, _, word = name.partition(" ")
    body = b"c" + f"{module}\n{word}\n".encode() + pickle.dumps(state, 2)[2:-1] + b"b."
    reader = _Tensors(b"\x80\x02" + body, None, "<")
    with pytest.raises((Refused, AttributeError, TypeError, pickle.UnpicklingError)):
        reader.load()


def test_a_call_is_a_call():
    assert Call(max)(1, 3, 2) == 3


def test_of_an_error_the_beginning_is_told():
    assert short_message(ValueError("a\nb")) == "a"
    assert short_message(KeyError(10**5000)) == "KeyError"
    assert short_message(EOFError()) == "EOFError"
    assert len(short_message(ValueError("x" * 10**6))) == pickle_bounds.LONGEST + 1
