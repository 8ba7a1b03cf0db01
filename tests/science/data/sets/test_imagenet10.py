"""ImageNet-10: ten classes in IDC's order, alone or among others."""

import numpy as np
import pytest
from PIL import Image
from torchvision import transforms

from lmcspec.catalog.datasets.imagenet10 import WNIDS, ImageNet10
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.sets import imagenet10
from lmcspec.science.data.sets.listing import list_images


def photograph(size, seed) -> Image.Image:
    width, height = size
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.fixture
def root(tmp_path, monkeypatch):
    """One photograph a class and split, two of the first; and a class that is none of the ten."""
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "imagenet"
    for split in ("train", "val"):
        for number, wnid in enumerate((*WNIDS, "n01440764")):
            (root / split / wnid).mkdir(parents=True)
            for image in range(2 if split == "train" and not number else 1):
                photograph((40, 33 + image), number).save(root / split / wnid / f"{wnid}_{image}.png")
    return root


def test_classes_have_the_numbers_of_the_published_list(root):
    arrays = imagenet10.load(ImageNet10(resize=24, crop=24), root)
    assert arrays.train_labels.tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert arrays.test_labels.tolist() == list(range(10))
    assert arrays.train_images.shape == (11, 3, 24, 24)
    listing = list_images(root, WNIDS)
    assert [name.split("/")[1] for name in listing.names[1:11]] == list(WNIDS)
    facts = imagenet10.facts(ImageNet10(resize=24, crop=24), root)
    assert (facts.train, facts.test, facts.classes, facts.shape) == (11, 10, 10, (3, 24, 24))


def test_images_are_torchvisions_squares(root):
    arrays = imagenet10.load(ImageNet10(resize=24, crop=24), root)
    expected = transforms.CenterCrop(24)(transforms.Resize(24)(photograph((40, 33), 5)))
    assert np.array_equal(arrays.test_images[5].transpose(1, 2, 0), np.array(expected))


def test_other_classes_change_nothing_and_share_no_cache(root):
    config = ImageNet10(resize=24, crop=24)
    before = imagenet10.facts(config, root)
    every = list_images(root)
    assert len(every.classes) == 11 and not every.chosen
    for split in ("train", "val"):
        for file in (root / split / "n01440764").iterdir():
            file.unlink()
        (root / split / "n01440764").rmdir()
    assert imagenet10.facts(config, root) == before
    assert list_images(root).classes == tuple(sorted(WNIDS))


def test_what_is_missing_is_named(root):
    (root / "val" / WNIDS[3] / f"{WNIDS[3]}_0.png").unlink()
    with pytest.raises(DataError, match=f"{WNIDS[3]} holds no images"):
        imagenet10.facts(ImageNet10(resize=24, crop=24), root)
    (root / "val" / WNIDS[3]).rmdir()
    with pytest.raises(DataError, match=rf"no class folder .*val/{WNIDS[3]}"):
        imagenet10.facts(ImageNet10(resize=24, crop=24), root)
    with pytest.raises(DataError, match="crop of 30"):
        imagenet10.facts(ImageNet10(resize=24, crop=30), root)
