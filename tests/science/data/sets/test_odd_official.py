"""Files of published data sets that are none: each is named with what is wrong, and nothing of it is taken."""

import gzip
import pickle
import struct

import numpy as np
import pytest
from official_for_tests import GREY, REST, expect, idx, loaded, write
from scipy.io import savemat

from lmcspec.catalog import get
from lmcspec.plan.facts import data_facts
from lmcspec.science.data import arrays
from lmcspec.science.data.arrays import DataError, MissingData
from lmcspec.spec import load as load_spec


@pytest.mark.parametrize("name", GREY)
@pytest.mark.parametrize(
    ("of", "change", "told"),
    [
        ("train-labels", lambda old: old[:-1] + b"\x63", r"calls image 11 a 99, and labels are 0 … 9"),
        ("train-labels", lambda old: old[:4] + struct.pack(">I", 11) + old[8:-1], r"has 11 labels for 12 images"),
        ("t10k-labels", lambda old: old + b"\0", r"is cut off, or has more"),
        ("train-labels", lambda old: b"\0\0\x0a\x01" + old[4:], r"is not an idx file of bytes"),
        ("train-labels", lambda old: b"\0\0\x0d\x01" + old[4:], r"is not an idx file of bytes"),
        ("t10k-labels", lambda old: old[:-1], r"is cut off"),
        ("train-images", lambda old: old[:100], r"is cut off"),
        ("train-images", lambda old: old[:3], r"is not an idx file"),
        ("train-images", lambda old: b"", r"is not an idx file"),
        ("train-images", lambda old: b"\0\0\x08\xff" + b"\xff" * 2000, r"is cut off"),
        ("train-images", lambda old: b"\0\0\x08\x00\x07", r"holds an array of shape \(\), not images"),
        (
            "train-labels",
            lambda old: idx(np.zeros((12, 1), np.uint8)),
            r"holds an array of shape \(12, 1\), not labels",
        ),
        ("train-images", lambda old: idx(np.zeros((12, 784), np.uint8)), r"shape \(12, 784\), not images"),
        ("train-images", gzip.compress, r"is still packed by gzip: unpack it"),
    ],
)
def test_an_odd_idx_file_is_named_with_what_is_wrong(tmp_path, some, monkeypatch, name, of, change, told):
    made = some(train=12, test=7, shape=(1, 28, 28), classes=10)
    write(name, tmp_path, made.train_images, made.train_labels, made.test_images, made.test_labels)
    expect(name, monkeypatch, arrays.facts(made))
    file = next(tmp_path.glob(f"*/raw/{of}*"))
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(DataError, match=told) as caught:
        loaded(name, tmp_path)
    assert str(file) in str(caught.value)
    assert "download=True" in caught.value.help
    assert not isinstance(caught.value, MissingData)


TWICE: list = [0]
for _ in range(60):
    TWICE = [TWICE, TWICE]


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("labels", [10**30] * 12, "12 labels that are not 0 … "),
        ("labels", [*range(11), -1], "labels that are not 0 … "),
        ("labels", [100] * 12, "12 labels that are not 0 … "),
        ("labels", [0] * 11, "11 labels for 12 images"),
        ("labels", [0.5] * 12, "no list of whole numbers"),
        ("labels", TWICE, "no list of whole numbers"),  # 2^60 numbers, if one went through them
        ("labels", np.zeros((12, 1), np.int64), "no list of whole numbers"),
        ("data", TWICE, "no array of bytes"),
        ("data", np.zeros((12, 3072)), "float64"),
    ],
)
def test_an_odd_batch_of_cifar_is_named_with_what_is_wrong(tmp_path, monkeypatch, name, key, value, told):
    folder, labels = ("cifar-10-batches-py", "labels") if name == "cifar10" else ("cifar-100-python", "fine_labels")
    (tmp_path / folder).mkdir()
    sound = {"data": np.zeros((12, 3072), np.uint8), labels: [0] * 12}
    for file in get("dataset", name).files:
        (tmp_path / file).write_bytes(pickle.dumps(sound, 2))
    odd = tmp_path / get("dataset", name).files[-1]
    odd.write_bytes(pickle.dumps(sound | {labels if key == "labels" else key: value}, 2))
    with pytest.raises(DataError, match=told) as caught:
        loaded(name, tmp_path)
    assert str(odd) in str(caught.value) and caught.value.help


@pytest.mark.parametrize("content", [b"", b"MATLAB", bytes(1000), b"\x89HDF\r\n\x1a\n" + bytes(600)])
def test_an_odd_file_of_svhn_is_named(tmp_path, content):
    for part in ("train", "test"):
        (tmp_path / f"{part}_32x32.mat").write_bytes(content)
    with pytest.raises(DataError, match=f"{tmp_path}/train_32x32.mat is no such file of MATLAB"):
        loaded("svhn", tmp_path)


@pytest.mark.parametrize(
    ("images", "labels", "told"),
    [
        (np.zeros((32, 32, 3, 5), np.uint8), np.full(5, 1.5), "labels that are not 1 … 10"),
        (np.zeros((32, 32, 3, 5), np.uint8), np.full(5, 99), "labels that are not 1 … 10"),
        (np.zeros((32, 32, 3, 5), np.uint8), np.full(5, -1), "labels that are not 1 … 10"),
        (np.zeros((32, 32, 3, 5), np.uint8), np.array(list("12345")), "something else than plain numbers"),
        (np.zeros((32, 32, 3, 5), np.uint8), np.ones(3, np.uint8), "3 labels for 5 images"),
        (np.zeros((32, 32, 3, 5)), np.ones(5, np.uint8), "float64"),
        (np.zeros((5, 32, 32, 3), np.uint8), np.ones(5, np.uint8), r"\(5, 32, 32, 3\)"),
        (np.zeros((32, 32, 3), np.uint8), np.ones(5, np.uint8), r"\(32, 32, 3\)"),
    ],
)
def test_odd_arrays_of_svhn_are_named(tmp_path, images, labels, told):
    """99 was taken for a 9, and 1.5 for a 1."""
    for part in ("train", "test"):
        savemat(tmp_path / f"{part}_32x32.mat", {"X": images, "y": labels[:, None]})
    with pytest.raises(DataError, match=f"{tmp_path}/train_32x32.mat .*{told}"):
        loaded("svhn", tmp_path)


def test_files_that_are_still_packed_say_how_to_unpack_them(tmp_path, some):
    made = some(train=12, test=7, shape=(1, 28, 28), classes=10)
    write("mnist", tmp_path, made.train_images, made.train_labels, made.test_images, made.test_labels)
    file = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    file.rename(f"{file}.gz")
    with pytest.raises(MissingData, match=f"there is no {file}.*gunzip --keep {file}.gz"):
        loaded("mnist", tmp_path)
    text = f'study = "x"\ndataset = {{ name = "mnist", root = "{tmp_path}" }}\n' + REST
    table = load_spec(tmp_path / "x.toml", text=text).cases[0].study.dataset
    assert f"gunzip --keep {file}.gz" in data_facts(table, tmp_path).missing
