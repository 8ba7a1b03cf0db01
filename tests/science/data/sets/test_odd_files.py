"""What stands among images and is none: links, pipes, folders, files that can't be read, damaged ones."""

import errno
import os

import numpy as np
import pytest
from folders_for_tests import CONFIG, complaint, pixels, put, two_classes
from PIL import Image

from lmcspec.catalog.datasets.folder import Folder
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.sets import decode, folder
from lmcspec.science.data.sets.decode import CentralSquare
from lmcspec.science.data.sets.resize import resized


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "cache"))
    return two_classes(tmp_path / "images")


def odd_one(path, kind, monkeypatch):
    """Something that stands where an image may, and is none."""
    match kind:
        case "nowhere":
            path.symlink_to(path.parent / "absent.png")
        case "loop":
            path.symlink_to(path)
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "locked":
            put(path, pixels(3))
            honest = os.access
            monkeypatch.setattr(os, "access", lambda at, mode: not str(at).endswith(path.name) and honest(at, mode))
        case "gif":
            Image.fromarray(pixels(3)).save(path)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("9.png", "nowhere", "a link into nowhere"),
        ("notes", "nowhere", "a link into nowhere"),
        ("9.png", "loop", "leads back to itself"),
        ("9.png", "folder", "a folder among images"),
        ("more", "folder", "a folder among images"),
        ("9.png", "pipe", "a pipe or a device"),
        ("9.png", "locked", "may not be read"),
        ("9.gif", "gif", "of a kind that is not read"),
    ],
)
@pytest.mark.parametrize("others", [0, 2])
def test_what_cannot_be_read_among_images_is_named_and_counted(root, monkeypatch, name, kind, words, others):
    places = [root / "train" / "dog" / name, root / "test" / "cat" / name, root / "test" / "dog" / name]
    for path in places[: others + 1]:
        odd_one(path, kind, monkeypatch)
    error = complaint(root)
    first = min(str(path) for path in places[: others + 1])
    assert first in str(error)
    assert words in str(error)
    assert ("there are 3 such entries" in str(error)) == bool(others)


@pytest.mark.parametrize("kind", ["nowhere", "loop", "gif"])
def test_a_class_that_cannot_be_read_is_no_smaller_data_set(root, monkeypatch, kind):
    for split in ("train", "test"):
        odd_one(root / split / "eel.gif", kind, monkeypatch)
    assert str(root / "train" / "eel.gif") in str(complaint(root))


def test_an_image_beside_the_classes_is_named(root):
    put(root / "train" / "stray.png", pixels(0))
    assert f"{root / 'train' / 'stray.png'} is an image beside the class folders" in str(complaint(root))
    (root / "train" / "stray.png").rename(root / "train" / "README.md")
    assert folder.facts(CONFIG, root).train == 6


def test_links_to_images_and_folders_are_what_they_lead_to(root, tmp_path):
    before = folder.facts(CONFIG, root)
    (root / "train" / "dog").rename(tmp_path / "elsewhere")
    (root / "train" / "dog").symlink_to(tmp_path / "elsewhere")
    (root / "test" / "cat" / "0.png").rename(tmp_path / "one.png")
    (root / "test" / "cat" / "0.png").symlink_to(tmp_path / "one.png")
    assert folder.facts(CONFIG, root) == before


def test_a_folder_that_may_not_be_read_is_named(root, monkeypatch):
    honest = os.scandir

    def scandir(at):
        if str(at).endswith("dog"):
            raise PermissionError(errno.EACCES, "Permission denied", str(at))
        return honest(at)

    monkeypatch.setattr(os, "scandir", scandir)
    assert f"{root / 'train' / 'dog'} can't be read: Permission denied" in str(complaint(root))


@pytest.mark.parametrize("resize", [None, 4])
@pytest.mark.parametrize("first", ["train/cat/0.png", "train/cat/1.png"])
def test_damaged_images_are_counted(root, first, resize):
    for name in (first, "train/dog/2.png", "test/dog/0.png"):
        (root / name).write_bytes((root / name).read_bytes()[:50])
    with pytest.raises(DataError) as caught:
        folder.load(Folder(resize=resize), root)
    assert str(caught.value).startswith(f"{root / first} can't be read as an image")
    assert "(3 files of" in str(caught.value)


def test_those_that_no_rule_covers_are_counted_with_them(root):
    """Here all of them: not one says which size the others should have."""
    for path in root.rglob("*.png"):
        Image.fromarray(np.zeros((4, 5, 4), dtype=np.uint8)).save(path)
    (root / "train" / "cat" / "2.png").write_bytes(b"")
    assert str(complaint(root)).startswith(f"{root / 'train' / 'cat' / '0.png'} is transparent in places")
    assert "(10 files of" in str(complaint(root))


def test_of_very_many_damaged_ones_not_all_are_tried(root, monkeypatch):
    monkeypatch.setattr(decode, "MANY", 4)
    for path in root.rglob("*.png"):
        path.write_bytes(b"")
    assert "(at least 4 files of" in str(complaint(root))


@pytest.mark.parametrize(
    ("size", "resize", "words"),
    [
        ((1, 60_000), 224, "is 1x60,000 pixels, which `resize` would make 224x13,440,000"),
        ((60_000, 1), 1, "60,000x1"),
        ((3, 301), CentralSquare(8, 8), "is 3x301 pixels, which `resize` would make 8x802"),
        ((808, 8), 8, "one side is over 100 times the other"),
        ((5, 4), 20_000, "over 178,956,970 pixels"),
        ((5, 4), CentralSquare(10**6, 224), "over 178,956,970 pixels"),
    ],
)
def test_images_that_resizing_would_blow_up_are_named(tmp_path, size, resize, words):
    put(tmp_path / "thin.png", pixels(0, size))
    with pytest.raises(DataError) as caught:
        decode.decode(tmp_path / "thin.png", resize)
    assert str(caught.value).startswith(f"{tmp_path / 'thin.png'} is ") and words in str(caught.value)
    assert caught.value.help


def test_long_images_are_cut_as_all_others(tmp_path):
    image = pixels(0, (400, 4))
    put(tmp_path / "long.png", image)
    assert (decode.decode(tmp_path / "long.png", 4) == image.transpose(2, 0, 1)[:, :, 198:202]).all()
    assert decode.decode(tmp_path / "long.png", None).shape == (3, 4, 400)


@pytest.mark.parametrize("place", ["load", "resize"])
def test_an_image_that_memory_has_no_room_for_is_named(root, monkeypatch, place):
    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr(Image.Image, place, full)
    if place == "load":
        monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", full)
    with pytest.raises(DataError, match="takes more memory than there is") as caught:
        folder.load(Folder(resize=4), root)
    assert str(caught.value).startswith(str(root / "train" / "cat" / "0.png"))


def test_a_set_that_resizing_would_blow_up_is_refused_before_it_is(some):
    with pytest.raises(DataError, match=r"1,000,000x1,000,000 pixels take .* GB"):
        resized(some(), 1_000_000)


def test_a_single_damaged_one_is_named_alone(root):
    path = root / "train" / "cat" / "0.png"
    path.write_bytes(b"")
    assert str(complaint(root)) == f"{path} can't be read as an image: it is empty, damaged or none"
