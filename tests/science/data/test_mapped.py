"""Images that stay on the host: every batch, and all that is computed from batches, is what resident images give."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.augmentations.random_resized_crop import ResizedCrop
from lmcspec.catalog.datasets.folder import Folder
from lmcspec.catalog.distillers.dm import DistributionMatching
from lmcspec.catalog.distillers.idc import EfficientCondensation
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science import curves, paths
from lmcspec.science.data import Selection, load, mapped
from lmcspec.science.data.arrays import Arrays, channel_statistics
from lmcspec.science.data.augmentation.augment import draw
from lmcspec.science.data.mapped import Mapped, read_ahead
from lmcspec.science.data.resident import Dataset, Split, enter, on_the_host
from lmcspec.science.data.space import Space
from lmcspec.science.distill import dm, idc
from lmcspec.science.distill.distillation import Distillation
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct, convnet
from lmcspec.science.train import batches, train

STANDARD = Space("standardised", (0.4, 0.5, 0.6), (0.2, 0.3, 0.4))
CPU = torch.device("cpu")


@pytest.fixture
def arrays(some, tmp_path):
    """Seventy training images of 12x12 pixels in a mapped file, as an image folder keeps them."""
    made = some(train=70, test=20, shape=(3, 12, 12))
    for name in ("train_images", "test_images"):
        np.save(tmp_path / f"{name}.npy", getattr(made, name))
    files = (np.load(tmp_path / f"{name}.npy", mmap_mode="c") for name in ("train_images", "test_images"))
    train_images, test_images = files
    return Arrays(train_images, made.train_labels, test_images, made.test_labels, made.classes)


def both(arrays, space=STANDARD, **more):
    """The training images resident, and mapped."""
    here, there = (enter(arrays, space, resident=resident, **more).train for resident in (True, False))
    assert isinstance(here.images, torch.Tensor) and isinstance(there.images, Mapped)
    return here, there


def same(one, two):
    return list(one) == list(two) and all(torch.equal(one[name], two[name]) for name in one)


def network():
    module = construct(convnet.build, ConvNet(depth=2, width=4, norm="batch"), (3, 8, 8), 3)
    module.load_state_dict(initial_state(module, "default", ("init", 0)))
    return module


AUGMENT = Augment(flip=True, random_resized_crop=ResizedCrop(size=8, scale=(0.3, 1.0)), dsa="color_flip", cutmix=0.5)


@pytest.mark.parametrize("space", [Space("raw"), STANDARD, Space("zca")], ids=lambda space: space.name)
@pytest.mark.parametrize("augment", [Augment(), Augment(flip=True, crop=2)], ids=["plain", "augmented"])
def test_batches_are_the_same_bits_in_every_space(arrays, space, augment):
    here, there = both(arrays, space)
    recipe = Recipe(length=9, batch=32, optimiser=Sgd(lr=0.1), augment=augment)
    for (x, y), (u, v) in zip(*(batches(data, recipe, SgdNoise(0), 0, 9) for data in (here, there)), strict=True):
        assert torch.equal(x, u) and torch.equal(y, v) and x.dtype == u.dtype == torch.float32
    assert torch.equal(here.all()[0], there.all()[0])
    assert (here.shape, here.stored, len(here), here.device) == (there.shape, there.stored, len(there), there.device)


@pytest.mark.parametrize("ahead", [False, True], ids=["as asked", "read ahead"])
def test_training_evaluating_and_paths_are_the_same_bits(arrays, monkeypatch, ahead):
    honest, read = Split.batches, []

    def all_ahead(self, parts):
        if not isinstance(self.images, Mapped):
            return honest(self, parts)
        read.append(self)
        return self.batches_ahead(parts)

    if ahead:
        monkeypatch.setattr(Split, "batches", all_ahead)
    recipe = Recipe(length=12, batch=16, optimiser=Sgd(lr=0.1, momentum=0.9), augment=AUGMENT)
    found = []
    for data in both(arrays, crop=8):
        modules = network(), network()
        ends = [train(module, data, recipe, SgdNoise(0, copy)).state for copy, module in enumerate(modules)]
        on = paths.Evaluated(data.subset(torch.arange(5, 40)), data, batch=32)
        refill = paths.Refill(data, torch.arange(9, 60), 16)
        curve = paths.curves(modules[0], paths.Ends(*ends), curves.alphas(3), on, refill=refill)
        found.append((ends, evaluate(modules[1], data, 16), curve))
    (ends, *rest), (other_ends, *other_rest) = found
    assert all(same(one, other) for one, other in zip(ends, other_ends, strict=True))
    assert rest == other_rest
    assert len(read) == (6 if ahead else 0)  # two trainings, an evaluation, and of a path three sets, held


def test_distilling_is_the_same_bits(arrays):
    config = DistributionMatching(ipc=2, iterations=3, batch=5, seed=0)
    sets = [Dataset(split, split, 3, (3, 8, 8), STANDARD) for split in both(arrays, crop=8)]
    one, other = (dm.distill(config, Distillation(data, network)) for data in sets)
    assert torch.equal(one.images, other.images) and torch.equal(one.labels, other.labels)
    assert one.images.shape == (6, 3, 8, 8)


def test_packing_mapped_images_is_the_same_bits(arrays):
    config = EfficientCondensation(ipc=1, networks=1, inner=2, batch=5, seen=10)
    sets = [Dataset(split, split, 3, (3, 8, 8), STANDARD) for split in both(arrays, crop=8)]
    one, other = (idc.distill(config, Distillation(data, network)) for data in sets)
    assert torch.equal(one.images, other.images) and one.images.shape == (3, 3, 8, 8)


def test_a_subset_copies_no_image_and_may_be_taken_of_a_subset(arrays):
    here, there = both(arrays)
    first, second = torch.tensor([60, 3, 3, 44, 9]), torch.tensor([4, 1, 0])
    part = there.subset(first).subset(second)
    assert isinstance(part.images, Mapped)
    assert part.images.array.base is there.images.array.base
    assert part.images.rows.tolist() == [9, 3, 60]
    expected = here.subset(first).subset(second)
    for (x, y), (u, v) in [
        (expected.all(), part.all()),
        (expected.batch(torch.tensor([2])), part.batch(torch.tensor([2]))),
    ]:
        assert torch.equal(x, u) and torch.equal(y, v)


def test_an_image_that_is_not_there_is_an_error(arrays):
    _, there = both(arrays)
    for wrong in ([70], [-1], [3, 71]):
        with pytest.raises(IndexError, match="0 … 69"):
            there.batch(torch.tensor(wrong))
    with pytest.raises(IndexError, match="0 … 1"):
        there.subset(torch.tensor([5, 6])).batch(torch.tensor([2]))


def test_batches_read_ahead_come_in_order_and_two_before_their_turn(arrays):
    images = Mapped(arrays.train_images, CPU)
    asked = []

    def wanted():
        for number in range(7):
            asked.append(number)
            yield images, torch.arange(number * 10, number * 10 + 10 - number)

    for number, batch in enumerate(read_ahead(wanted())):
        assert len(asked) == min(7, number + 1 + mapped.AHEAD)
        assert torch.equal(batch, torch.from_numpy(arrays.train_images[number * 10 : number * 10 + 10 - number]))
    assert number == 6


@pytest.mark.parametrize("readers", [1, 3, 16])
def test_the_number_of_readers_changes_no_batch(arrays, monkeypatch, readers):
    monkeypatch.setattr(mapped, "READERS", readers)
    here, there = both(arrays, crop=8)
    recipe = Recipe(length=12, batch=16, optimiser=Sgd(lr=0.1), augment=AUGMENT)
    monkeypatch.setattr(Split, "batches", lambda self, parts: self.batches_ahead(parts))
    found = list(batches(there, recipe, SgdNoise(0), 0, 12))
    monkeypatch.undo()
    for (x, _), (u, _) in zip(batches(here, recipe, SgdNoise(0), 0, 12), found, strict=True):
        assert torch.equal(x, u)


def test_readers_end_with_the_batches_and_with_whoever_stops_asking(arrays):
    images = Mapped(arrays.train_images, CPU)
    before = set(threading.enumerate())  # by name, not by number: other tests' threads may end meanwhile

    def readers():
        return set(threading.enumerate()) - before

    stopped = read_ahead((images, torch.arange(10)) for _ in range(5))
    next(stopped)
    assert readers()
    stopped.close()
    assert not readers()
    list(read_ahead((images, torch.arange(10)) for _ in range(5)))
    assert not readers()


def test_what_goes_wrong_in_a_reader_is_told(arrays, monkeypatch):
    def broken(array, places, out):
        raise OSError("the disk is gone")

    monkeypatch.setattr(mapped, "_take", broken)
    with pytest.raises(OSError, match="the disk is gone"):
        list(read_ahead([(Mapped(arrays.train_images, CPU), torch.arange(3))]))


@pytest.mark.parametrize(("space", "size"), [(Space("raw"), 2**30), (Space("zca"), 5 * 2**30)])
def test_a_set_stays_on_the_host_where_it_would_fill_a_quarter_of_the_memory(monkeypatch, space, size):
    images = np.broadcast_to(np.zeros((), dtype=np.uint8), (2**20, 1, 32, 32))  # a gibibyte that takes none
    labels = np.zeros(2**20, dtype=np.int64)
    arrays = Arrays(images[1:], labels[1:], images[:1], labels[:1], 1)

    def there(memory, resident="auto"):
        monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=memory))
        return on_the_host(arrays, space, CPU, resident)

    assert (there(4 * size - 4), there(4 * size)) == (True, False)
    assert (there(1, True), there(2**60, False)) == (False, True)


def test_a_small_set_fits_anywhere(monkeypatch, arrays):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=1))
    assert isinstance(enter(arrays, STANDARD).train.images, torch.Tensor)


def test_images_set_aside_or_left_out_are_the_same_and_not_copied(tmp_path):
    from PIL import Image

    draw_pixels = np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 2)):
        for name in ("cat", "dog"):
            (tmp_path / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = draw_pixels.integers(0, 256, (6, 6, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / split / name / f"{number:02}.png")
    select = Selection(validation=5, train=10, seed=3, crop=4)
    for space in (STANDARD, "standardised", Space("raw")):
        here, there = (load(Folder(), tmp_path, space, select=select, resident=resident) for resident in (True, False))
        assert here.space == there.space and here.shape == there.shape == (3, 4, 4)
        for one, other in ((here.train, there.train), (here.validation, there.validation), (here.test, there.test)):
            assert one is not None and other is not None and isinstance(other.images, Mapped)
            assert torch.equal(one.all()[0], other.all()[0]) and torch.equal(one.labels, other.labels)
        assert (len(there.train), len(there.validation)) == (10, 5)
    assert there.train.images.array.base is there.validation.images.array.base


def test_statistics_are_counted_some_images_at_a_time(arrays, monkeypatch):
    whole = channel_statistics(arrays)
    monkeypatch.setattr("lmcspec.science.data.arrays._COUNTED", 16)
    assert channel_statistics(arrays) == whole
    x = arrays.train_images.astype(np.float64).transpose(1, 0, 2, 3).reshape(3, -1) / 255
    assert np.allclose(whole, (x.mean(1), x.std(1)), atol=1e-12)


def test_crops_that_can_not_be_are_errors(arrays):
    with pytest.raises(ValueError, match="a crop of 13 pixels does not fit images of 12x12"):
        enter(arrays, STANDARD, crop=13)
    with pytest.raises(ValueError, match="whitened images can't be cropped"):
        enter(arrays, Space("zca"), crop=8)


@pytest.mark.gpu
def test_batches_read_ahead_for_a_gpu_are_the_same_bits(cuda, arrays):
    here, there = (enter(arrays, Space("raw"), cuda, crop=8, resident=resident).train for resident in (True, False))
    augment = Augment(flip=True, random_resized_crop=ResizedCrop(size=8, scale=(0.3, 1.0)))
    recipe = Recipe(length=40, batch=16, optimiser=Sgd(lr=0.1), augment=augment)
    for (x, y), (u, v) in zip(*(batches(data, recipe, SgdNoise(0), 3, 40) for data in (here, there)), strict=True):
        assert u.device.type == v.device.type == "cuda"
        assert torch.equal(x, u) and torch.equal(y, v)
    assert torch.equal(here.subset(torch.arange(5)).all()[0], there.subset(torch.arange(5)).all()[0])
    drawn = draw(2, Augment(flip=True), SgdNoise(0), 0)
    assert torch.equal(here.batch(torch.arange(2), drawn)[0], there.batch(torch.arange(2), drawn)[0])
