"""Folders of images: what is read from them, and what is refused by name."""

import shutil
import time

import numpy as np
import pytest
from folders_for_tests import CONFIG, LATER, complaint, pixels, put, two_classes
from PIL import Image

from lmcspec.catalog.datasets.cifar10_jpeg import CARD, Cifar10Jpeg
from lmcspec.catalog.datasets.folder import Folder
from lmcspec.science.data import arrays as plain
from lmcspec.science.data.arrays import DataError, MissingData, channel_statistics
from lmcspec.science.data.sets import cifar10_jpeg, folder, listing


@pytest.fixture(autouse=True)
def looked_at_later(tmp_path, monkeypatch):
    """With a cache of its own, and when files that were just written are old enough to be sure of."""
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(listing, "now", lambda: time.time_ns() + LATER)


@pytest.fixture
def root(tmp_path):
    return two_classes(tmp_path / "images")


def test_images_come_in_the_order_of_classes_and_names(root):
    arrays = folder.load(CONFIG, root)
    expected = [pixels(seed).transpose(2, 0, 1) for seed in (0, 1, 2, 10, 11, 12)]
    assert (arrays.train_images == np.stack(expected)).all()
    assert arrays.train_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert (arrays.test_images == np.stack([pixels(s).transpose(2, 0, 1) for s in (100, 101, 110, 111)])).all()
    assert arrays.test_labels.tolist() == [0, 0, 1, 1]
    assert (arrays.classes, arrays.shape, arrays.scale) == (2, (3, 4, 5), 255)


def test_facts_are_those_of_the_decoded_arrays(root):
    facts = folder.facts(CONFIG, root)
    assert facts == plain.facts(folder.load(CONFIG, root))
    assert facts.known


def test_the_digest_depends_on_pixels_and_labels_only(root, tmp_path):
    first = folder.facts(CONFIG, root)
    other = tmp_path / "elsewhere"
    shutil.copytree(root, other)
    (other / "test").rename(other / "val")
    for split in ("train", "val"):
        (other / split / "cat").rename(other / split / "bat")
    assert folder.facts(CONFIG, other) == first


def test_gray_and_palette_images_become_rgb(root):
    image = Image.fromarray(pixels(0))
    image.convert("L").save(root / "train" / "cat" / "0.png")
    image.quantize(8).save(root / "train" / "cat" / "1.png")
    arrays = folder.load(CONFIG, root)
    gray, palette = arrays.train_images[:2]
    assert (gray == np.asarray(image.convert("L"))).all()
    assert (palette == np.asarray(image.quantize(8).convert("RGB")).transpose(2, 0, 1)).all()


def test_resize_brings_the_shorter_side_and_cuts_the_centre(root):
    put(root / "train" / "cat" / "0.png", pixels(0, (20, 11)))
    arrays = folder.load(Folder(resize=4), root)
    assert arrays.shape == (3, 4, 4)
    resized = Image.fromarray(pixels(0, (20, 11))).resize((7, 4), Image.Resampling.BILINEAR)
    assert (arrays.train_images[0] == np.asarray(resized)[:, 1:5].transpose(2, 0, 1)).all()
    assert folder.facts(Folder(resize=4), root) != folder.facts(Folder(resize=3), root)


def test_files_that_are_no_images_are_passed_over(root):
    before = folder.facts(CONFIG, root)
    for name in ("notes.txt", ".hidden.png", "Thumbs.db"):
        (root / "train" / "cat" / name).write_text("x")
    (root / "train" / ".git").mkdir()
    assert folder.facts(CONFIG, root) == before


def test_a_missing_folder_is_missing_data(tmp_path):
    for root in (None, tmp_path / "nowhere"):
        error = complaint(root)
        assert isinstance(error, MissingData)
        assert isinstance(error, FileNotFoundError)
    assert "nowhere" in str(error)


@pytest.mark.parametrize("content", [b"", b"not an image", None])
def test_a_corrupt_image_is_named(root, content):
    path = root / "train" / "dog" / "2.png"
    path.write_bytes(path.read_bytes()[:60] if content is None else content)
    assert str(path) in str(complaint(root))


def test_the_first_image_of_another_size_is_named(root):
    put(root / "train" / "dog" / "0.png", pixels(0, (6, 4)))
    put(root / "test" / "cat" / "0.png", pixels(0, (5, 5)))
    error = complaint(root)
    assert str(root / "train" / "dog" / "0.png") in str(error)
    assert "6x4" in str(error)
    assert "5x4" in str(error)
    assert "resize" in error.help


def test_an_empty_class_is_named(root):
    shutil.rmtree(root / "train" / "dog")
    (root / "train" / "dog").mkdir()
    assert str(root / "train" / "dog") in str(complaint(root))


def test_a_class_of_one_split_only_is_named(root):
    shutil.rmtree(root / "test" / "dog")
    assert str(root / "test" / "dog") in str(complaint(root))
    shutil.copytree(root / "test" / "cat", root / "test" / "dog")
    shutil.copytree(root / "test" / "cat", root / "test" / "eel")
    assert str(root / "train" / "eel") in str(complaint(root))


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_missing_split_is_named(root, split):
    shutil.rmtree(root / split)
    error = complaint(root)
    assert str(root / split) in str(error)
    assert "ROOT/train/CLASS" in error.help


def test_other_files_are_not_cifar10(root):
    with pytest.raises(DataError) as caught:
        cifar10_jpeg.load(Cifar10Jpeg(), root)
    assert CARD.facts.digest in str(caught.value)
    assert folder.facts(CONFIG, root).digest in str(caught.value)


@pytest.mark.data
def test_ten_classes_of_tiny_imagenet(unpacked_data):
    arrays = folder.load(CONFIG, unpacked_data / "tinyimagenet10")
    assert arrays.train_images.shape == (5000, 3, 64, 64)
    assert arrays.test_images.shape == (500, 3, 64, 64)
    assert np.bincount(arrays.train_labels).tolist() == [500] * 10
    assert np.bincount(arrays.test_labels).tolist() == [50] * 10
    path = sorted((unpacked_data / "tinyimagenet10" / "val" / "n02085620").iterdir())[7]
    assert (arrays.test_images[2 * 50 + 7] == np.asarray(Image.open(path).convert("RGB")).transpose(2, 0, 1)).all()
    assert plain.digest(arrays) == TINY


TINY = "e225ea72b25b08664a858ca34cee3197e15b3287b52e0a9055226731b3d69d94"


@pytest.mark.data
@pytest.mark.slow
def test_all_of_cifar10_loads_and_the_card_tells_the_truth(unpacked_data):
    arrays = cifar10_jpeg.load(Cifar10Jpeg(), unpacked_data / "cifar10")
    assert plain.facts(arrays) == CARD.facts
    begun = time.perf_counter()
    cifar10_jpeg.load(Cifar10Jpeg(), unpacked_data / "cifar10")
    assert time.perf_counter() - begun < 3
    mean, std = channel_statistics(arrays)
    assert CARD.mean == pytest.approx(mean, abs=5e-4)
    assert CARD.std == pytest.approx(std, abs=2e-3)  # JPEG takes away some of the finest grain
