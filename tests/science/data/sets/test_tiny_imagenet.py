"""Ten classes of Tiny ImageNet as a study of ImageNet has them: mapped, trained on resized parts, seen at the centre."""

import pytest
import torch

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.augmentations.random_resized_crop import ResizedCrop
from lmcspec.catalog.datasets.folder import Folder
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science.data import Selection, load
from lmcspec.science.data.mapped import Mapped
from lmcspec.science.data.space import Space
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct, convnet
from lmcspec.science.train import train

SPACE = Space("standardised", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def network(size):
    module = construct(convnet.build, ConvNet(depth=3, width=12, norm="batch"), (3, size, size), 10)
    module.load_state_dict(initial_state(module, "default", ("init", 0)))
    return module


@pytest.mark.data
@pytest.mark.parametrize("size", [56, 64])
def test_a_network_learns_from_mapped_images(unpacked_data, size):
    """Ten classes: chance is an error of 0.9, within 0.04 on 500 images at three standard deviations."""
    crop = None if size == 64 else size
    select = Selection(validation=100, crop=crop)
    there = load(Folder(), unpacked_data / "tinyimagenet10", SPACE, resident=False, select=select)
    assert isinstance(there.train.images, Mapped)
    assert (there.shape, there.train.stored, len(there.train), len(there.test)) == (
        (3, size, size),
        (64, 64),
        4900,
        500,
    )
    augment = Augment(flip=True, random_resized_crop=ResizedCrop(size=size, scale=(0.1, 1.0), ratio=(0.8, 1.25)))
    recipe = Recipe(length=80, batch=24, optimiser=Sgd(lr=0.02, momentum=0.9), augment=augment)
    module = network(size)
    train(module, there.train, recipe, SgdNoise(0))
    assert evaluate(module, there.test).error < 0.8


@pytest.mark.data
def test_real_images_give_the_same_bits_mapped_and_resident(unpacked_data):
    root, augment = unpacked_data / "tinyimagenet10", Augment(flip=True, random_resized_crop=ResizedCrop(size=56))
    recipe = Recipe(length=6, batch=100, optimiser=Sgd(lr=0.05, momentum=0.9), augment=augment)
    ends = []
    for resident in (True, False):
        module = network(56)
        data = load(Folder(), root, SPACE, select=Selection(train=500, crop=56), resident=resident)
        ends.append((train(module, data.train, recipe, SgdNoise(0)).state, evaluate(module, data.test)))
    assert ends[0][1] == ends[1][1]
    assert all(torch.equal(value, ends[1][0][name]) for name, value in ends[0][0].items())
