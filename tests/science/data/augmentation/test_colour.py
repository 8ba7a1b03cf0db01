"""Jitter and lighting against loops over images, and where they stand among the other changes."""

import numpy as np
import pytest
import torch

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.science.data import Space, Split
from lmcspec.science.data.augmentation import colour
from lmcspec.science.data.augmentation.augment import Epoch, augment, draw
from lmcspec.science.data.augmentation.colour import COMPONENTS, EIGENVALUES, Colours
from lmcspec.science.data.space import conversion


def drawn(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def by_loop(image, order, amounts, shift):
    """One image (C, H, W), one change after the other, as the published code does it."""
    weights = torch.tensor([0.299, 0.587, 0.114]) if len(image) == 3 else torch.tensor([1.0])
    for which in order:
        grey = (image * weights[:, None, None]).sum(0)
        goal = {0: torch.zeros_like(grey), 1: torch.full_like(grey, grey.mean().item()), 2: grey}[int(which)]
        image = torch.lerp(image, goal.expand_as(image), amounts[int(which)])
    return image + (shift if len(image) == 3 else shift.mean()[None])[:, None, None]


@pytest.mark.parametrize("channels", [1, 3])
def test_colours_are_a_loop_over_images(channels):
    images = drawn(12, channels, 5, 6)
    colours = colour.drawn(Augment(jitter=0.4, lighting=0.1), Epoch(12, 12, SgdNoise(0), 0))
    found = colours(images)
    for number in range(12):
        one = by_loop(images[number], colours.order[number], colours.amounts[number], colours.shift[number])
        torch.testing.assert_close(found[number], one)
    assert len({tuple(order) for order in colours.order.tolist()}) > 3


def test_draws_have_the_distributions_they_are_said_to_have():
    colours = colour.drawn(Augment(jitter=0.4, lighting=0.1), Epoch(20_000, 20_000, SgdNoise(0), 0))
    assert colours.amounts.abs().max() <= 0.4
    assert colours.amounts.std(0).tolist() == pytest.approx([0.4 / 3**0.5] * 3, rel=0.02)
    covariance = np.cov(colours.shift.numpy().T)
    components = np.array(COMPONENTS)
    expected = components @ np.diag((0.1 * np.array(EIGENVALUES)) ** 2) @ components.T
    np.testing.assert_allclose(covariance, expected, rtol=0.05, atol=2e-6)
    np.testing.assert_allclose(components.T @ components, np.eye(3), atol=2e-3)
    orders, counts = np.unique(colours.order.numpy(), axis=0, return_counts=True)
    assert len(orders) == 6 and counts.min() > 3000


def test_nothing_asked_is_nothing_drawn_and_other_draws_stay():
    assert colour.drawn(Augment(), Epoch(5, 5, SgdNoise(0), 0)) is None
    plain = draw(20, Augment(flip=True, crop=2), SgdNoise(0), 0)
    more = draw(20, Augment(flip=True, crop=2, jitter=0.4, lighting=0.1), SgdNoise(0), 0)
    assert torch.equal(plain.stored["flip"].which, more.stored["flip"].which)
    assert torch.equal(plain.stored["crop"].top, more.stored["crop"].top)
    alone = draw(20, Augment(jitter=0.4), SgdNoise(0), 0)
    assert torch.equal(alone.decoded["colour"].amounts, more.decoded["colour"].amounts)
    assert torch.equal(more[5:9].decoded["colour"].order, more.decoded["colour"].order[5:9])
    assert bool((alone.decoded["colour"].shift == 0).all())


def test_they_act_between_the_crop_and_the_space():
    pixels = (drawn(6, 3, 8, 8) * 255).to(torch.uint8)
    space = Space("standardised", (0.4, 0.5, 0.6), (0.2, 0.3, 0.25))
    split = Split(pixels, torch.zeros(6, dtype=torch.int64), conversion(space, 255.0, torch.device("cpu")))
    draws = draw(6, Augment(flip=True, crop=2, jitter=0.4, lighting=0.1), SgdNoise(1), 0)
    moved = augment(pixels, draws).float() / 255
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (space.mean, space.std))
    expected = (draws.decoded["colour"](moved) - mean) / std
    torch.testing.assert_close(split.batch(torch.arange(6), draws)[0], expected)


def test_images_in_their_space_have_no_colours_to_change():
    split = Split(drawn(6, 3, 8, 8), torch.zeros(6, dtype=torch.int64))
    with pytest.raises(ValueError, match="decoded images"):
        split.batch(torch.arange(6), draw(6, Augment(jitter=0.1), SgdNoise(0), 0))


def test_no_jitter_is_no_change():
    still = Colours(torch.tensor([[2, 0, 1]]), torch.zeros(1, 3), torch.zeros(1, 3))
    images = drawn(1, 3, 4, 4)
    assert torch.equal(still(images), images)
