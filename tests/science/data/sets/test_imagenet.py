"""ImageNet's squares against torchvision's transforms, and what the loader asks of a folder."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from lmcspec.catalog.datasets.folder import Folder
from lmcspec.catalog.datasets.imagenet import CARD, ImageNet
from lmcspec.science.data import load
from lmcspec.science.data.arrays import DataError, MissingData
from lmcspec.science.data.resident import Split
from lmcspec.science.data.sets import folder, imagenet
from lmcspec.science.data.sets.decode import CentralSquare, central_square, decode
from lmcspec.science.data.sets.listing import Listing
from lmcspec.science.data.space import Conversion

PHOTOGRAPHS = [
    (500, 375),
    (375, 500),
    (256, 256),
    (257, 341),
    (333, 500),
    (256, 259),
    (90, 61),
    (1024, 259),
    (300, 300),
]


def photograph(size, seed=0) -> Image.Image:
    width, height = size
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("size", PHOTOGRAPHS)
def test_what_networks_are_evaluated_on_is_torchvisions(size):
    image = photograph(size)
    kept = np.array(central_square(image, CentralSquare(256, 224)))
    assert kept.shape == (256, 256, 3)
    expected = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()])(image)
    stored = torch.from_numpy(kept).permute(2, 0, 1)[None]
    split = Split(stored, torch.zeros(1, dtype=torch.int64), Conversion(255.0), crop=224)
    assert torch.equal(split.batch(torch.arange(1))[0][0], expected)


@pytest.mark.parametrize(("side", "crop"), [(64, 56), (65, 56), (20, 20), (21, 18)])
@pytest.mark.parametrize("size", [(90, 61), (61, 90), (133, 100)])
def test_so_it_is_at_other_sizes(side, crop, size):
    image = photograph(size)
    expected = transforms.CenterCrop(crop)(transforms.Resize(side)(image))
    stored = torch.from_numpy(np.array(central_square(image, CentralSquare(side, crop)))).permute(2, 0, 1)[None]
    split = Split(stored, torch.zeros(1, dtype=torch.int64), Conversion(1.0), crop=crop)
    found = split.batch(torch.arange(1))[0][0].to(torch.uint8)
    assert np.array_equal(found.permute(1, 2, 0), np.array(expected))


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "imagenet"
    for split, count in (("train", 3), ("val", 2)):
        for wnid in ("n01440764", "n01443537"):
            (root / split / wnid).mkdir(parents=True)
            for number in range(count):
                photograph((40 + number, 33), number).save(root / split / wnid / f"{wnid}_{number}.JPEG")
    return root


def test_files_are_found_where_they_are_published_and_kept_as_squares(root, monkeypatch):
    monkeypatch.setattr(imagenet, "complete", lambda listing: listing)
    config = ImageNet(resize=24, crop=20)
    arrays = imagenet.load(config, root)
    assert arrays.train_images.shape == (6, 3, 24, 24) and arrays.test_images.shape == (4, 3, 24, 24)
    path = root / "train" / "n01443537" / "n01443537_2.JPEG"
    assert np.array_equal(arrays.train_images[5], decode(path, CentralSquare(24, 20)))
    assert np.array_equal(
        arrays.train_images[5], np.array(central_square(Image.open(path), CentralSquare(24, 20))).transpose(2, 0, 1)
    )
    assert isinstance(arrays.train_images, np.memmap)
    facts = imagenet.facts(config, root)
    assert (facts.train, facts.test, facts.classes, facts.shape) == (6, 4, 2, (3, 24, 24))
    # Squares that are cut in another way are kept beside these, and so are those of an ordinary folder.
    assert imagenet.facts(ImageNet(resize=24, crop=23), root).digest != facts.digest
    assert folder.facts(Folder(resize=24), root).digest != facts.digest
    assert imagenet.facts(config, root) == facts


def test_a_loaded_set_is_seen_at_its_cards_size(root, monkeypatch):
    monkeypatch.setattr(imagenet, "complete", lambda listing: listing)
    found = load(ImageNet(resize=24, crop=20), root, "standardised", resident=False)
    assert found.shape == found.test.shape == (3, 20, 20) and found.test.stored == (24, 24)
    assert found.space.mean == (0.485, 0.456, 0.406) and found.space.std == (0.229, 0.224, 0.225)


def test_a_part_of_imagenet_is_another_set_and_nothing_of_it_is_decoded(root, monkeypatch):
    monkeypatch.setattr(folder, "decode_into", None)
    with pytest.raises(DataError, match=r"6 \+ 4 images in 2 classes, not 1,281,167 \+ 50,000 in 1,000") as caught:
        imagenet.facts(ImageNet(), root)
    assert 'name = "folder"' in caught.value.help
    with pytest.raises(MissingData):
        imagenet.facts(ImageNet(), root / "elsewhere")
    with pytest.raises(DataError, match="a crop of 224 pixels does not fit images of 128x128"):
        imagenet.facts(ImageNet(resize=128), root)


def test_all_of_imagenet_is_known_by_its_sizes(tmp_path):
    names = range(1_331_167)
    listing = Listing(tmp_path, names, None, None, range(1000), 1_281_167)
    assert imagenet.complete(listing) is listing
    assert CARD.expected.shape == (3, ImageNet().resize, ImageNet().resize)


def test_images_that_fit_neither_the_disk_nor_memory_are_an_error(root, tmp_path, monkeypatch):
    """Not a process that the system kills after hours of decoding."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "file" / "inside"))
    config = Folder(resize=16)
    assert len(folder.load(config, root).train_images) == 6
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"total": 2 * 10 * 3 * 16 * 16 - 1}))
    with pytest.raises(DataError, match="the cache folder has no room") as caught:
        folder.load(config, root)
    assert "LMCSPEC_CACHE" in caught.value.help
