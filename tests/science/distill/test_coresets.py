import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lmcspec.catalog.distillers.coresets import KCenter, RandomImages
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.science import data
from lmcspec.science.data.arrays import DataError
from lmcspec.science.distill import coresets
from lmcspec.science.distill.distillation import Distillation
from lmcspec.science.distill.start import real_subset
from lmcspec.science.models import mlp


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", space="standardised")


def build() -> nn.Module:
    return mlp.build(Mlp(widths=(20,)), (1, 8, 8), 10)


@given(st.integers(0, 1000), st.integers(1, 12), st.integers(1, 4))
def test_every_centre_is_the_farthest_from_those_before(seed, count, width):
    points = np.random.default_rng(seed).normal(size=(12, width))
    found = coresets.greedy_centres(torch.from_numpy(points), count).tolist()
    assert len(set(found)) == count
    assert found[0] == np.argmin([((point - points.mean(0)) ** 2).sum() for point in points])
    for place in range(1, count):
        nearest = [min(((point - points[other]) ** 2).sum() for other in found[:place]) for point in points]
        assert nearest[found[place]] == pytest.approx(max(nearest))


def test_equal_points_are_chosen_once_each():
    assert sorted(coresets.greedy_centres(torch.zeros(4, 2), 4).tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "settings", [{"features": "pixels"}, {"features": "network"}, {"features": "network", "epochs": 1}]
)
def test_k_center_takes_real_images_of_each_class(digits, settings):
    made = coresets.k_center(KCenter(ipc=3, **settings), Distillation(digits, build))
    real, labels = digits.train.all()
    assert made.labels.tolist() == np.arange(10).repeat(3).tolist()
    for image, label in zip(made.images, made.labels, strict=True):
        same = (real == image).flatten(1).all(1)
        assert (labels[same] == label).any()
    assert len({image.numpy().tobytes() for image in made.images}) == 30


def test_k_center_covers_better_than_chance(digits):
    def radius(images, labels):
        real, real_labels = digits.train.all()
        return np.mean(
            [
                torch.cdist(real[real_labels == label].flatten(1), images[labels == label].flatten(1)).min(1)[0].max()
                for label in range(10)
            ]
        )

    made = coresets.k_center(KCenter(ipc=10, features="pixels"), Distillation(digits, build))
    assert radius(made.images, made.labels) < radius(*real_subset(digits.train, 10, 10, 0))


def test_random_images_are_what_other_methods_start_from(digits):
    made = coresets.random_images(RandomImages(ipc=2, seed=4), Distillation(digits, build))
    images, labels = real_subset(digits.train, 10, 2, 4)
    assert torch.equal(made.images, images) and torch.equal(made.labels, labels) and made.space == digits.space


def test_too_few_images_are_named(digits):
    with pytest.raises(DataError, match="class 0"):
        coresets.k_center(KCenter(ipc=500), Distillation(digits, build))
