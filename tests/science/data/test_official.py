"""Tiny files in the formats of published data sets, against readings of their own."""

import contextlib
import gzip
import os
import pickle
import struct
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.io import savemat

from lmcspec.base.facts import DataFacts
from lmcspec.catalog import get
from lmcspec.plan.facts import data_facts
from lmcspec.science.data import arrays, official, stamps
from lmcspec.science.data import load as load_set
from lmcspec.science.data.arrays import DataError, MissingData
from lmcspec.science.data.pickled import read_pickle
from lmcspec.spec import load as load_spec

SHAPES = {"fashion-mnist": (1, 28, 28), "cifar10": (3, 32, 32), "cifar100": (3, 32, 32), "svhn": (3, 32, 32)}
GREY = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
PLACES = {
    "mnist": "lmcspec.catalog.datasets.mnist",
    "fashion-mnist": "lmcspec.catalog.datasets.fashion_mnist",
    "cifar10": "lmcspec.catalog.datasets.cifar10",
    "cifar100": "lmcspec.catalog.datasets.cifar100",
    "svhn": "lmcspec.catalog.datasets.svhn",
}


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


def write(name, root, images, labels, test_images, test_labels, protocol=2):
    """The files of a set, written as their authors do. CIFAR's were written by Python 2: protocol 2."""
    if name in GREY:
        raw = root / GREY[name] / "raw"
        raw.mkdir(parents=True)
        for part, x, y in (("train", images, labels), ("t10k", test_images, test_labels)):
            (raw / f"{part}-images-idx3-ubyte").write_bytes(idx(x[:, 0]))
            (raw / f"{part}-labels-idx1-ubyte").write_bytes(idx(y.astype(np.uint8)))
    elif name == "svhn":
        for part, x, y in (("train", images, labels), ("test", test_images, test_labels)):
            savemat(
                root / f"{part}_32x32.mat",
                {"X": x.transpose(2, 3, 1, 0), "y": np.where(y == 0, 10, y).astype(np.uint8)[:, None]},
            )
    else:
        folder, key, parts = (
            ("cifar-10-batches-py", "labels", [f"data_batch_{number}" for number in range(1, 6)])
            if name == "cifar10"
            else ("cifar-100-python", "fine_labels", ["train"])
        )
        (root / folder).mkdir()
        test = "test_batch" if name == "cifar10" else "test"
        cuts = [*zip(np.array_split(images, len(parts)), np.array_split(labels, len(parts)), strict=True)]
        for part, (x, y) in zip([*parts, test], [*cuts, (test_images, test_labels)], strict=True):
            content = {"data": x.reshape(len(x), -1), key: y.tolist(), "batch_label": part, "coarse_labels": [0]}
            (root / folder / part).write_bytes(pickle.dumps(content, protocol))


@pytest.fixture(params=SHAPES)
def tiny(request, tmp_path, some, monkeypatch):
    """(name, root, what is in the files); the card expects these sizes."""
    name = request.param
    classes = 100 if name == "cifar100" else 10
    made = some(seed=3, train=12, test=7, shape=SHAPES.get(name, (1, 28, 28)), classes=classes)
    write(name, tmp_path, made.train_images, made.train_labels, made.test_images, made.test_labels)
    expect(name, monkeypatch, arrays.facts(made))
    return name, tmp_path, made


def expect(name, monkeypatch, facts):
    from importlib import import_module

    module = import_module(PLACES[name])
    card = module.CARD
    new = {"expected": facts} if isinstance(card.facts, str) else {"facts": facts}
    monkeypatch.setattr(module, "CARD", replace(card, **new))


def loaded(name, root):
    card = get("dataset", name)
    return card.load()(card.config(name=name), root)


def test_the_files_are_read_back(tiny):
    name, root, made = tiny
    found = loaded(name, root)
    for part in ("train_images", "train_labels", "test_images", "test_labels"):
        assert np.array_equal(getattr(found, part), getattr(made, part)), part
    assert (found.classes, found.scale) == (made.classes, 255.0)


@pytest.fixture(scope="session")
def opened():
    """A list of the files that Python opens, for as long as one is asked for: a hook is never taken away."""
    lists = []
    sys.addaudithook(lambda event, given: event == "open" and lists and lists[-1].append(given[0]))

    @contextlib.contextmanager
    def recorded():
        lists.append([])
        yield lists[-1]
        lists.clear()

    return recorded


@pytest.mark.parametrize("tiny", [*SHAPES, "mnist"], indirect=True)
def test_what_is_read_is_what_is_stamped(tiny, opened):
    """The files of the card and no other, whatever lies beside them: other loaders prefer some of these."""
    name, root, _ = tiny
    files = [root / file for file in get("dataset", name).files]
    for file in files:
        for suffix in (".gz", ".mat", ".npy"):
            file.with_name(file.name + suffix).write_bytes(b"other data")
    processed = files[0].parents[1] / "processed"
    processed.mkdir(exist_ok=True)
    for part in ("training", "test"):
        torch.save((torch.zeros(3, 28, 28, dtype=torch.uint8), torch.zeros(3).long()), processed / f"{part}.pt")
    with opened() as paths:
        loaded(name, root)
    below = {os.fspath(path) for path in paths if isinstance(path, str | os.PathLike)}
    assert {path for path in below if path.startswith(str(root))} == {str(file) for file in files}


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
        (np.zeros((32, 32, 3, 5), np.uint8), np.array(list("12345")), "labels that are not 1 … 10"),
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


@pytest.mark.parametrize("name", GREY)
def test_idx_files_are_what_torchvision_reads(tmp_path, some, monkeypatch, name):
    import torchvision.datasets

    made = some(train=5, test=3, shape=(1, 28, 28), classes=10)
    write(name, tmp_path, made.train_images, made.train_labels, made.test_images, made.test_labels)
    expect(name, monkeypatch, arrays.facts(made))
    found = loaded(name, tmp_path)
    for train, images, labels in (
        (True, found.train_images, found.train_labels),
        (False, found.test_images, found.test_labels),
    ):
        theirs = getattr(torchvision.datasets, GREY[name])(str(tmp_path), train=train)
        assert np.array_equal(theirs.data.numpy(), images[:, 0])
        assert theirs.targets.tolist() == labels.tolist()


def test_svhn_is_what_torchvision_reads(tmp_path, some, monkeypatch):
    from torchvision.datasets import SVHN

    made = some(train=12, test=3, shape=(3, 32, 32), classes=10)
    write("svhn", tmp_path, made.train_images, made.train_labels, made.test_images, made.test_labels)
    expect("svhn", monkeypatch, DataFacts("", 12, 3, 10, (3, 32, 32), known=False))
    monkeypatch.setattr(SVHN, "_check_integrity", lambda self: True)
    theirs = SVHN(str(tmp_path), split="train")
    found = loaded("svhn", tmp_path)
    assert np.array_equal(theirs.data, found.train_images)
    assert theirs.labels.tolist() == found.train_labels.tolist()


@pytest.mark.parametrize(("name", "theirs"), [("cifar10", "CIFAR10"), ("cifar100", "CIFAR100")])
def test_cifar_is_what_torchvision_reads(tmp_path, some, monkeypatch, name, theirs):
    import torchvision.datasets

    classes = 100 if name == "cifar100" else 10
    made = some(train=10, test=3, shape=(3, 32, 32), classes=classes)
    write(name, tmp_path, made.train_images, made.train_labels, made.test_images, made.test_labels)
    expect(name, monkeypatch, DataFacts("", 10, 3, classes, (3, 32, 32), known=False))
    reader = getattr(torchvision.datasets, theirs)
    monkeypatch.setattr(reader, "_check_integrity", lambda self: True)
    monkeypatch.setattr(reader, "_load_meta", lambda self: None)
    found = loaded(name, tmp_path)
    for train, images, labels in (
        (True, found.train_images, found.train_labels),
        (False, found.test_images, found.test_labels),
    ):
        part = reader(str(tmp_path), train=train)
        assert np.array_equal(part.data, images.transpose(0, 2, 3, 1))
        assert part.targets == labels.tolist()


def test_plans_take_the_facts_once_for_each_state_of_the_files(tiny, monkeypatch):
    name, root, made = tiny
    monkeypatch.setattr(stamps, "now", lambda: time.time_ns() + 10**10)
    text = f'study = "x"\ndataset = {{ name = "{name}", root = "{root}" }}\n' + REST
    table = load_spec(root / "x.toml", text=text).cases[0].study.dataset
    read = []
    honest = official.load
    monkeypatch.setattr(official, "load", lambda *given: read.append(1) or honest(*given))
    for _ in range(2):
        found = data_facts(table, root)
        assert found.facts == arrays.facts(made)
        assert found.missing == ""
    assert len(read) == 1
    file = root / get("dataset", name).files[-1]
    file.write_bytes(file.read_bytes())  # another time: read again
    assert data_facts(table, root).facts == arrays.facts(made)
    assert len(read) == 2
    if name == "fashion-mnist":
        status = file.stat()
        content = bytearray(file.read_bytes())
        other = root / "other"
        content[-1] ^= 1
        other.write_bytes(content)
        os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
        other.replace(file)  # of equal size and time, as `cp -p` and archives leave it
        assert data_facts(table, root).facts != arrays.facts(made)


def test_files_just_written_are_read_again(tiny, monkeypatch):
    """Within one tick of the file system's clock they could change under the same stamp."""
    name, root, _ = tiny
    text = f'study = "x"\ndataset = {{ name = "{name}", root = "{root}" }}\n' + REST
    table = load_spec(root / "x.toml", text=text).cases[0].study.dataset
    read = []
    honest = official.load
    monkeypatch.setattr(official, "load", lambda *given: read.append(1) or honest(*given))
    for _ in range(2):
        data_facts(table, root)
    assert len(read) == 2


REST = """model = "lenet-300-100"
[recipes.real]
length = 1
batch = 10
optimiser = { name = "sgd", lr = 0.1 }
[networks]
dense = []
"""


@pytest.mark.parametrize("name", SHAPES)
def test_missing_files_say_where_to_put_what_and_plans_count_without_them(tmp_path, name):
    card = get("dataset", name)
    with pytest.raises(MissingData, match=card.files[0].replace(".", r"\.")) as caught:
        loaded(name, tmp_path)
    assert "torchvision" in str(caught.value)
    assert "download=True" in caught.value.help
    with pytest.raises(MissingData, match="root"):
        loaded(name, None)
    text = f'study = "x"\ndataset = {{ name = "{name}", root = "{tmp_path}" }}\n' + REST
    found = data_facts(load_spec(tmp_path / "x.toml", text=text).cases[0].study.dataset, tmp_path)
    assert card.files[0] in found.missing and "torchvision" in found.missing
    assert not found.facts.known
    assert (found.facts.train, found.facts.shape) == (card.expected.train, SHAPES[name])


def test_other_sizes_are_another_set(tiny, monkeypatch):
    name, root, _ = tiny
    monkeypatch.undo()
    with pytest.raises(DataError, match=r"12 \+ 7 images"):
        loaded(name, root)


def test_a_file_that_is_cut_off_is_named(tiny):
    name, root, _ = tiny
    file = root / get("dataset", name).files[0]
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(DataError) as caught:
        loaded(name, root)
    assert str(root) in str(caught.value)
    assert not isinstance(caught.value, MissingData)


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
    if protocol == 5:
        value["data"] = value["data"].tolist()
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


@pytest.mark.parametrize("name", SHAPES)
def test_a_set_of_these_trains(tmp_path, some, monkeypatch, name):
    classes = 100 if name == "cifar100" else 10
    made = replace(some(train=10, test=3, shape=SHAPES[name], classes=classes), train_labels=np.arange(10) % 4)
    write(name, tmp_path, made.train_images, made.train_labels, made.test_images, made.test_labels)
    expect(name, monkeypatch, DataFacts("", 10, 3, classes, SHAPES[name], known=False))
    data = load_set(name, tmp_path, "standardised", validation=2, resize=8)
    assert (data.train.shape, len(data.train), data.classes) == ((SHAPES[name][0], 8, 8), 8, classes)
