"""Tensors of torch.save's files are read as torch.load reads them, without torch, and in bounded memory."""

import pickle
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from lmcspec.science.data.distilled import zip_directory
from lmcspec.science.data.distilled.stored_tensor import NoTensors, StoredTensor
from lmcspec.science.data.distilled.torch_file import read_torch
from lmcspec.science.data.distilled.torch_pickle import Inert

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning:torch")


def read(path: Path):
    with path.open("rb") as file:
        return read_torch(path, file)


@st.composite
def views(draw):
    """A tensor of some type, looked at through a few operations that share its storage."""
    dtype = draw(st.sampled_from([torch.float32, torch.float64, torch.float16, torch.int64, torch.uint8, torch.bool]))
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    x = (torch.arange(torch.Size(shape).numel()) % 7).reshape(shape).to(dtype)
    for _ in range(draw(st.integers(0, 4))):
        match draw(st.sampled_from(["slice", "step", "transpose", "expand", "flatten", "select", "none"])):
            case "slice" if x.dim():
                x = x[draw(st.integers(0, x.shape[0])) :]
            case "step" if x.dim():
                x = x[:: draw(st.integers(1, 3))]
            case "transpose" if x.dim() > 1:
                x = x.transpose(0, -1)
            case "expand":
                x = x[None].expand(draw(st.integers(1, 3)), *x.shape)
            case "flatten":
                x = x.reshape(-1)
            case "select" if x.dim() and x.shape[-1]:
                x = x[..., 0]
            case _:
                pass
    return x


@pytest.mark.parametrize("new", [True, False])
@given(x=views(), y=views())
@settings(max_examples=examples(1.0))
def test_every_view_is_read_as_torch_reads_it(tmp_path_factory, new, x, y):
    path = tmp_path_factory.mktemp("views") / "x.pt"
    torch.save([x, y, x[:1] if x.dim() else x], path, _use_new_zipfile_serialization=new)
    expected = torch.load(path, weights_only=True)
    for found, tensor in zip(read(path), expected, strict=True):
        assert isinstance(found, StoredTensor)
        assert found.shape == tuple(tensor.shape)
        assert found.dtype == str(tensor.dtype).removeprefix("torch.")
        assert np.array_equal(found.read(), tensor.numpy())


def test_parameters_gradients_attributes_and_tables(tmp_path):
    x = torch.rand(2, 3, requires_grad=True)
    setattr(x, "note", "mine")  # noqa: B010 (pyright knows no such attribute)
    y = torch.nn.Parameter(torch.rand(4))
    path = tmp_path / "x.pt"
    torch.save({"a": OrderedDict(x=x), "b": (y, 3, None, "word", [1.5])}, path)
    found = read(path)
    assert np.array_equal(found["a"]["x"].read(), x.detach().numpy())
    assert np.array_equal(found["b"][0].read(), y.detach().numpy())
    assert found["b"][1:] == (3, None, "word", [1.5])


def test_bfloat16_is_named_without_being_read(tmp_path):
    torch.save(torch.rand(3).bfloat16(), tmp_path / "x.pt")
    assert read(tmp_path / "x.pt").dtype == "bfloat16"


def test_other_things_stay_inert(tmp_path):
    path = tmp_path / "x.pt"
    torch.save([np.float64(1), np.arange(3), torch.rand(3).to_sparse()], path)
    assert [type(one).what for one in read(path) if isinstance(one, Inert)] == [
        "an object",
        "an array of numpy",
        "a sparse, quantised or otherwise special tensor",
    ]


@pytest.mark.parametrize("new", [True, False])
def test_an_object_of_someones_class_is_named_and_not_made(tmp_path, new):
    path = tmp_path / "x.pt"
    torch.save([Path("x")], path, _use_new_zipfile_serialization=new)
    with pytest.raises(NoTensors, match=r"pathlib.*which is not run"):
        read(path)


def rezipped(path: Path, change) -> Path:
    """The archive written anew; `change(name, content)` gives what to write and how, or None to leave a part out."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            if (made := change(name, content)) is not None:
                file.writestr(name, *made)
    return path


def test_an_archive_that_expands_is_refused_in_little_memory(tmp_path):
    """4 MB on disk and 4 GB unpacked: neither plan nor run may take them."""
    path = tmp_path / "x.pt"
    torch.save(torch.zeros(4), path)
    with zipfile.ZipFile(path, "a") as file:
        entry = zipfile.ZipInfo("x/data/1")
        entry.compress_type = zipfile.ZIP_DEFLATED
        with file.open(entry, "w", force_zip64=True) as part:
            for _ in range(64):
                part.write(bytes(2**20))
    rezipped(path, lambda name, content: (content, zipfile.ZIP_DEFLATED))
    with pytest.raises(NoTensors, match="compressed"):
        read(path)


def test_a_shape_expanded_from_one_number_is_refused_before_memory_is_taken(tmp_path):
    torch.save(torch.zeros(1).expand(2**40), tmp_path / "x.pt")
    with pytest.raises(NoTensors, match=r"expanded to 4,398,046,511,104: save `tensor.clone\(\)`"):
        read(tmp_path / "x.pt")


def pickled(path: Path, old: bytes, new: bytes) -> Path:
    """The archive with other bytes in what was pickled."""
    before = path.read_bytes()
    rezipped(path, lambda name, content: (content.replace(old, new) if name.endswith(".pkl") else content,))
    assert path.read_bytes() != before
    return path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"QK\x00K\x05", b"QK\x01K\x05"),  # the offset
        (b"QK\x00K\x05", b"QK\x00K\x06"),  # the shape
        (b"K\x03K\x01\x86", b"K\x04K\x01\x86"),  # the strides
        (b"QK\x00K\x05", b"QK\x00J\xff\xff\xff\xff"),
        (b"QK\x00K\x05", b"QK\x00G\x3f\xf0\x00\x00\x00\x00\x00\x00"),
        (b"K\x0ftq", b"K\x10tq"),  # the storage's size
        (b"K\x0ftq", b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00tq"),
        (b"X\x01\x00\x00\x000q", b"X\x01\x00\x00\x009q"),  # its name
        (b"FloatStorage", b"DoubleStorage"),
        (b"q\x00", b"r\xff\xff\xff\x7f"),  # a place of the memo, for which memory would be taken
    ],
)
def test_headers_that_lie_are_refused(tmp_path, old, new):
    path = tmp_path / "x.pt"
    torch.save(torch.rand(5, 3), path)
    pickled(path, old, new)
    with pytest.raises(NoTensors):
        read(path).read()


@pytest.mark.parametrize("new", [True, False])
def test_every_cut_and_every_flipped_bit_is_read_or_refused(tmp_path, new):
    """Whatever a dying disk leaves: the tensors that were saved, others of a sound form, or one kind of error."""
    path = tmp_path / "x.pt"
    torch.save([torch.rand(3, 2), torch.arange(3)], path, _use_new_zipfile_serialization=new)
    content = path.read_bytes()
    draw = np.random.default_rng(0)
    damaged = [content[:cut] for cut in draw.integers(0, len(content), 150)]
    for place, bit in zip(draw.integers(0, len(content), 300), draw.integers(0, 8, 300), strict=True):
        changed = bytearray(content)
        changed[place] ^= 1 << bit
        damaged.append(bytes(changed))
    refused = 0
    for one in damaged:
        path.write_bytes(one)
        try:
            found = read(path)
            for tensor in found if isinstance(found, list) else []:
                if isinstance(tensor, StoredTensor):
                    tensor.read()
        except NoTensors:
            refused += 1
    assert refused > len(damaged) / 4


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04" + bytes(100),
        b"\x80",
        b"\x80\x02.",
        pickle.dumps([1, 2]),
        pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2),
        pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1000, 2),
        struct.pack("<Q", 2**60),
    ],
)
def test_what_torch_did_not_write_is_refused(tmp_path, content):
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(NoTensors):
        read(tmp_path / "x.pt")


def test_other_archives_and_modules_are_told_apart(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.zeros(3))
    with pytest.raises(NoTensors, match=r"torch\.save did not write"):
        read(tmp_path / "x.npz")
    path = tmp_path / "x.pt"
    torch.save(torch.rand(2), path)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("x/constants.pkl", b"")
    with pytest.raises(NoTensors, match="TorchScript"):
        read(path)


def test_reading_loads_no_torch(tmp_path):
    torch.save([torch.rand(2)], tmp_path / "x.pt")
    code = (
        "import sys; from pathlib import Path; from lmcspec.science.data.distilled.torch_file import read_torch; "
        f"p = Path({str(tmp_path / 'x.pt')!r}); print(read_torch(p, p.open('rb'))[0].read().shape, 'torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "(2,) False"


def test_thousands_of_tensors_take_one_look_at_the_list_of_parts(tmp_path, monkeypatch):
    """For each tensor anew, 5,000 of them took minutes."""
    looks = []

    class Watched(zipfile.ZipFile):
        def __init__(self, *arguments):
            looks.append(arguments)
            super().__init__(*arguments)

    monkeypatch.setattr(zip_directory, "ZipFile", Watched)
    path = tmp_path / "x.pt"
    torch.save([torch.full((2,), one) for one in range(5000)], path)
    found = read(path)
    with ThreadPoolExecutor(4) as several:
        numbers = list(several.map(lambda tensor: tensor.read().tolist(), found))
    assert numbers == [[one, one] for one in range(5000)]
    assert len(looks) == 1


def test_a_file_replaced_by_one_of_its_size_is_refused(tmp_path):
    path = tmp_path / "x.pt"
    torch.save(torch.zeros(64), path)
    found, size = read(path), path.stat().st_size
    torch.save(torch.ones(64), path)
    assert path.stat().st_size == size
    with pytest.raises(NoTensors, match="CRC"):
        found.read()
    path.unlink()
    with pytest.raises(NoTensors, match="No such file"):
        found.read()
