import dataclasses

import numpy as np
import pytest
import torch

from lmcspec.science.data import space as spaces
from lmcspec.science.data.resident import enter
from lmcspec.science.data.space import Space, fit, moments, whitened


@pytest.fixture
def arrays(some):
    return some(train=40, test=12)


def every(split):
    return split.batch(torch.arange(len(split)))[0]


def test_raw_is_the_image_over_full_brightness(some):
    for scale in (255.0, 16.0):
        arrays = some(scale=scale)
        x = every(enter(arrays, Space("raw")).train)
        assert x.dtype == torch.float32
        assert torch.equal(x, torch.from_numpy(arrays.train_images).float() / scale)


def test_standardised_is_torchs_formula(arrays):
    mean, std = (0.49, 0.48, 0.44), (0.24, 0.25, 0.26)
    x = every(enter(arrays, Space("standardised", mean, std)).test)
    m, s = (torch.tensor(values).view(1, 3, 1, 1) for values in (mean, std))
    assert torch.equal(x, (torch.from_numpy(arrays.test_images).float() / 255 - m) / s)


def test_standardised_is_torchvisions_transform(arrays):
    from torchvision.transforms.functional import normalize

    mean, std = [0.49, 0.48, 0.44], [0.24, 0.25, 0.26]
    x = every(enter(arrays, Space("standardised", tuple(mean), tuple(std))).train)
    expected = normalize(torch.from_numpy(arrays.train_images).float() / 255, mean, std)
    assert torch.allclose(x, expected, rtol=0, atol=1e-6)


def test_moments_are_means_of_products(arrays, monkeypatch):
    monkeypatch.setattr(spaces, "_ROWS", 7)  # the rows don't divide into whole chunks
    mean, covariance = moments(arrays.train_images, 255.0)
    x = arrays.train_images.reshape(40, -1) / 255
    assert np.allclose(mean.numpy(), x.mean(0), rtol=1e-12)
    naive = np.zeros((60, 60))
    for row in x:
        naive += np.outer(row - x.mean(0), row - x.mean(0)) / 40
    assert np.allclose(covariance.numpy(), naive, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("eps", [0.1, 0.01])
def test_zca_is_the_naive_computation(arrays, eps):
    dataset = enter(arrays, Space("zca", eps=eps))
    train, test = (images.reshape(len(images), -1) / 255 for images in (arrays.train_images, arrays.test_images))
    mean = train.mean(0)
    u, s, _ = np.linalg.svd((train - mean).T @ (train - mean) / len(train))
    matrix = u @ np.diag(1 / np.sqrt(s + eps)) @ u.T
    for split, images in ((dataset.train, train), (dataset.test, test)):
        assert split.images.dtype == torch.float32
        assert np.allclose(split.images.flatten(1).numpy(), (images - mean) @ matrix, atol=2e-6)


def test_zca_of_digits_whitens():
    """With a small eps the covariance of the whitened training images is that of s / (s + eps): near the identity."""
    from lmcspec.catalog.datasets.digits import Digits
    from lmcspec.science.data.sets.digits import load

    arrays = load(Digits())
    whitening = fit(arrays.train_images, 16.0, 1e-9)
    x = whitened(arrays.train_images, 16.0, whitening).reshape(1437, -1).astype(np.float64)
    values = np.linalg.eigvalsh(x.T @ x / len(x))
    constant = int((arrays.train_images.reshape(1437, -1).std(0) == 0).sum())
    assert np.allclose(values[constant:], 1, atol=0.02)
    assert np.allclose(values[:constant], 0, atol=1e-6)


def test_what_was_whitened_is_mapped_the_next_time(arrays, monkeypatch):
    first = enter(arrays, Space("zca", eps=0.2))
    monkeypatch.setattr(spaces, "moments", None)  # would fail if it were asked again
    second = enter(arrays, Space("zca", eps=0.2))
    assert torch.equal(first.train.images, second.train.images)
    with pytest.raises(TypeError):
        enter(arrays, Space("zca", eps=0.3))


def test_other_training_images_have_another_whitening(arrays, some):
    changed = dataclasses.replace(arrays, train_images=some(seed=9, train=40).train_images)
    a, b = (enter(each, Space("zca")).test.images for each in (arrays, changed))
    assert not torch.allclose(a, b)


def test_spaces_without_their_numbers_are_refused(arrays):
    for wrong in ({"name": "standardised"}, {"name": "standardised", "mean": (0.5,), "std": (0.0,)}, {"name": "lab"}):
        with pytest.raises(ValueError, match="space"):
            Space(**wrong)
    with pytest.raises(ValueError, match="3"):
        enter(arrays, Space("standardised", (0.5,), (0.5,)))


def test_black_is_what_a_black_image_becomes(some):
    arrays = some()
    arrays.train_images[:] = 0
    for space in (Space("raw"), Space("standardised", (0.4, 0.5, 0.6), (0.2, 0.3, 0.4))):
        x = every(enter(arrays, space).train)
        assert torch.allclose(x, torch.tensor(space.black).view(1, -1, 1, 1).expand_as(x), atol=1e-7)
