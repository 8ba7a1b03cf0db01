"""Tiny files in the formats of published data sets, against readings of their own."""

import contextlib
import os
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from official_for_tests import GREY, REST, SHAPES, expect, loaded, write

from lmcspec.base.facts import DataFacts
from lmcspec.catalog import get
from lmcspec.plan.facts import data_facts
from lmcspec.science.data import Selection, arrays
from lmcspec.science.data import load as load_set
from lmcspec.science.data.arrays import DataError, MissingData
from lmcspec.science.data.sets import official, stamps
from lmcspec.spec import load as load_spec


@pytest.fixture(params=SHAPES)
def tiny(request, tmp_path, some, monkeypatch):
    """(name, root, what is in the files); the card expects these sizes."""
    name = request.param
    classes = 100 if name == "cifar100" else 10
    made = some(seed=3, train=12, test=7, shape=SHAPES.get(name, (1, 28, 28)), classes=classes)
    write(name, tmp_path, made.train_images, made.train_labels, made.test_images, made.test_labels)
    expect(name, monkeypatch, arrays.facts(made))
    return name, tmp_path, made


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


@pytest.mark.parametrize("name", SHAPES)
def test_a_set_of_these_trains(tmp_path, some, monkeypatch, name):
    classes = 100 if name == "cifar100" else 10
    made = replace(some(train=10, test=3, shape=SHAPES[name], classes=classes), train_labels=np.arange(10) % 4)
    write(name, tmp_path, made.train_images, made.train_labels, made.test_images, made.test_labels)
    expect(name, monkeypatch, DataFacts("", 10, 3, classes, SHAPES[name], known=False))
    data = load_set(name, tmp_path, "standardised", select=Selection(validation=2, resize=8))
    assert (data.train.shape, len(data.train), data.classes) == ((SHAPES[name][0], 8, 8), 8, classes)
