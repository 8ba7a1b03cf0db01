"""A training on a GPU beside the same one here."""

import pytest
import torch
from trainings_for_tests import half, network, recipe_of, same

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.science import masks
from lmcspec.science.data import load
from lmcspec.science.train import Segment, batches, train


@pytest.mark.gpu
def test_batches_on_a_gpu_are_the_same_bits(cuda):
    """All but rounding: 16, the scale of the digits, is a power of two."""
    recipe = recipe_of(augment=Augment(flip=True, crop=1))
    here, there = (
        batches(load("digits", device=place).train, recipe, SgdNoise(1, 2, 3), 40, 60) for place in ("cpu", cuda)
    )
    for (images, labels), (others, their_labels) in zip(here, there, strict=True):
        assert others.device.type == their_labels.device.type == "cuda"
        assert torch.equal(others.cpu(), images) and torch.equal(their_labels.cpu(), labels)


APART = 1e-3
"""How far a weight of a network trained on a GPU may be from that of one trained here, after 25 updates in which it
has moved up to a hundred times as far. Noise of 1e-6 in every gradient comes to 1e-5."""


@pytest.mark.gpu
@pytest.mark.parametrize(("model", "optimiser"), [("mlp", "decay"), ("mlp", "adam"), ("convnet", "nesterov")])
def test_training_on_a_gpu_agrees_and_repeats_itself_bitwise(cuda, few, few_on_gpu, model, optimiser):
    recipe, noise = recipe_of(optimiser, 25, augment=Augment(flip=True, crop=1)), SgdNoise(1, 2, 3)
    start, weights = network(model).state_dict(), [name for name, _ in network(model).named_parameters()]
    mask = half(network(model))
    expected = train(network(model), few[0], recipe, noise, mask=mask)
    found, again = (train(network(model).to(cuda), few_on_gpu[0], recipe, noise, mask=mask) for _ in range(2))
    assert same(found.state, again.state) and same(found.optimiser, again.optimiser)
    assert {tensor.device.type for tensor in (*found.state.values(), *found.optimiser.values())} == {"cpu"}
    masks.assert_masked(found.state, mask)
    moved = farthest(masks.apply(mask, start), expected.state, weights)
    assert farthest(found.state, expected.state, expected.state) < APART < moved / 10
    assert found.loss == pytest.approx(expected.loss, rel=1e-2)


@pytest.mark.gpu
@pytest.mark.parametrize(("model", "optimiser"), [("mlp", "adam"), ("convnet", "nesterov")])
def test_going_on_on_a_gpu_is_bitwise_the_uninterrupted_run(cuda, few_on_gpu, model, optimiser):
    recipe, noise = recipe_of(optimiser, 25, augment=Augment(crop=1)), SgdNoise(0)
    mask = half(network(model))
    whole = train(network(model).to(cuda), few_on_gpu[0], recipe, noise, mask=mask)
    short = train(network(model).to(cuda), few_on_gpu[0], recipe, noise, mask=mask, segment=Segment(until=13))
    module = network(model, replicate=7).to(cuda)
    module.load_state_dict(short.state)
    rest = train(module, few_on_gpu[0], recipe, noise, mask=mask, segment=Segment(13, optimiser=short.optimiser))
    assert same(rest.state, whole.state) and same(rest.optimiser, whole.optimiser)


def farthest(one, two, names) -> float:
    """The largest difference of two states in the tensors of these names."""
    return max(float((one[name].double() - two[name].double()).abs().max()) for name in names)
