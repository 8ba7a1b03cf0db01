import pytest
import torch

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.science.data.augmentation.augment import augment, draw
from lmcspec.science.data.resident import Split, black, enter
from lmcspec.science.data.space import Space

STANDARD = Space("standardised", (0.4, 0.5, 0.6), (0.2, 0.3, 0.4))


@pytest.fixture
def arrays(some):
    return some(train=20, test=8, shape=(3, 6, 6))


def test_images_lie_in_memory_once_as_bytes(arrays):
    dataset = enter(arrays, STANDARD)
    assert dataset.train.images.dtype == torch.uint8
    assert dataset.train.labels.dtype == torch.int64
    assert dataset.train.images.data_ptr() == arrays.train_images.ctypes.data  # not even a copy
    assert (dataset.classes, dataset.shape, dataset.space) == (3, (3, 6, 6), STANDARD)
    assert len(dataset.test) == 8


@pytest.mark.parametrize("space", [Space("raw"), STANDARD, Space("zca")])
def test_a_batch_is_the_images_asked_for_in_their_order(arrays, space):
    split = enter(arrays, space).train
    whole, labels = split.batch(torch.arange(20))
    places = torch.tensor([7, 3, 3, 19])
    x, y = split.batch(places)
    assert torch.allclose(x, whole[places], atol=1e-6)
    assert y.tolist() == arrays.train_labels[places].tolist() == labels[places].tolist()
    part = split.subset(places)
    assert torch.equal(part.batch(torch.arange(4))[0], x)


@pytest.mark.parametrize("space", [Space("raw"), STANDARD, Space("zca")])
def test_augmentation_comes_before_the_space(arrays, space):
    split = enter(arrays, space).train
    draws = draw(20, Augment(flip=True, crop=2), SgdNoise(0), 0)
    assert draws is not None
    places = torch.tensor([4, 0, 11])
    x, _ = split.batch(places, draws[:3])
    assert split.conversion is not None
    changed = augment(torch.from_numpy(arrays.train_images)[places], draws[:3])
    assert torch.equal(x, split.conversion(changed))


def test_images_that_come_in_their_space_are_padded_with_its_black():
    images = torch.ones(2, 3, 4, 4)
    split = Split(images, torch.zeros(2, dtype=torch.int64), black=black(STANDARD))
    draws = draw(2, Augment(crop=3), SgdNoise(3), 1)
    assert draws is not None
    x, _ = split.batch(torch.arange(2), draws)
    for image in x:
        for channel, value in zip(image, STANDARD.black, strict=True):
            assert set(channel.unique().tolist()) <= {1.0, float(torch.tensor(value))}
    assert (x != 1).any()


def test_batches_leave_the_images_alone(arrays):
    split = enter(arrays, STANDARD).train
    before = split.images.clone()
    x, _ = split.batch(torch.arange(20))
    x.zero_()
    assert torch.equal(split.images, before)


def test_read_only_arrays_are_copied(arrays):
    arrays.train_images.flags.writeable = False
    split = enter(arrays, Space("raw")).train
    assert torch.equal(split.images, torch.tensor(arrays.train_images))
