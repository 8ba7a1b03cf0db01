"""Replays of passes: a stand-in for torch's on a CPU, where there are none, and the real ones where there is a GPU."""

import pytest
import torch
from torch import nn
from trainings_for_tests import half, network, recipe_of, same

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.science.computed import Computed
from lmcspec.science.graphed import can_be_graphed, graphed, seconds_as_made
from lmcspec.science.train import train
from lmcspec.science.trial import Trial

TRIAL = Trial(32, (1, 8, 8), 10, "float32")


@pytest.fixture
def captured(monkeypatch):
    """In place of torch's: warms up as that does, and from then on takes batches of one shape only."""
    shapes = []

    def make(module, sample):
        for _ in range(4):
            module(*sample).sum().backward()
        for parameter in module.parameters():
            parameter.grad = None
        whole = module.forward

        def replay(images):
            assert images.shape == sample[0].shape
            shapes.append(tuple(images.shape))
            return whole(images)

        module.forward = replay
        return module

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", make)
    return shapes


def test_capturing_leaves_the_network_as_it_was(captured):
    module = network("convnet").eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    made = graphed(module, TRIAL)
    assert made.module is module and not module.training and same(module.state_dict(), before)
    places = [parameter.data_ptr() for parameter in module.parameters()]
    seconds_as_made(made, TRIAL)
    assert same(module.state_dict(), before) and places == [parameter.data_ptr() for parameter in module.parameters()]


@pytest.mark.parametrize("optimiser", ["nesterov", "adam"])
def test_a_training_by_replay_is_the_training(few, captured, optimiser):
    """300 images in batches of 32: the last one of an epoch is computed by the module itself."""
    mask = half(network("convnet"))
    eager = train(network("convnet"), few[0], recipe_of(optimiser, 12), SgdNoise(0), mask=mask)
    made = graphed(network("convnet"), TRIAL)
    replayed = train(made, few[0], recipe_of(optimiser, 12), SgdNoise(0), mask=mask)
    assert same(replayed.state, eager.state) and same(replayed.optimiser, eager.optimiser)
    assert len(captured) == 1 + 11 and set(captured) == {(32, 1, 8, 8)}


def test_a_replay_that_gives_something_else_is_refused(captured, monkeypatch):
    make = torch.cuda.make_graphed_callables

    def stale(module, sample):
        made = make(module, sample)
        return lambda images: made(images) + 1

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", stale)
    module = network("convnet")
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(RuntimeError, match="other logits"):
        graphed(module, TRIAL)
    assert same(module.state_dict(), before)


def test_nothing_is_captured_on_a_cpu():
    assert not can_be_graphed(network("convnet"), TRIAL)


@pytest.mark.gpu
@pytest.mark.parametrize("model", ["mlp", "convnet"])
def test_a_training_by_a_real_replay_is_the_training(cuda, few_on_gpu, model):
    mask = half(network(model))
    eager = train(network(model).to(cuda), few_on_gpu[0], recipe_of("adam", 12), SgdNoise(0), mask=mask)
    module = network(model).to(cuda)
    assert can_be_graphed(module, TRIAL)
    assert not can_be_graphed(module, TRIAL._replace(precision="bf16"))
    assert not can_be_graphed(nn.Sequential(module, nn.Dropout(0.1)), TRIAL)
    replayed = train(graphed(module, TRIAL), few_on_gpu[0], recipe_of("adam", 12), SgdNoise(0), mask=mask)
    for name, tensor in eager.state.items():
        torch.testing.assert_close(replayed.state[name], tensor, rtol=1e-3, atol=1e-4)


@pytest.mark.gpu
def test_a_replay_is_timed(cuda):
    made = graphed(network("convnet").to(cuda), TRIAL)
    assert isinstance(made, Computed) and all(0 < each < 10 for each in seconds_as_made(made, TRIAL).values())
