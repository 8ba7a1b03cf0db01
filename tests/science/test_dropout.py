"""Dropout in training: its share, its scale, and that going on from any update draws what would have been drawn."""

import pytest
import torch
from torch import nn

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science.data.resident import Split
from lmcspec.science.dropout import Dropout, attach, detach, silence
from lmcspec.science.train import Segment, train

CPU = torch.device("cpu")


def network(p=0.5, dropout=Dropout):
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 16), nn.ReLU(), dropout(p), nn.Linear(16, 3))
    draws = torch.Generator().manual_seed(0)
    for parameter in module.parameters():
        parameter.data.copy_(torch.randn(parameter.shape, generator=draws) / 4)
    return module


@pytest.fixture
def split():
    draws = torch.Generator().manual_seed(1)
    return Split(torch.randn(20, 1, 2, 2, generator=draws), torch.randint(3, (20,), generator=draws))


RECIPE = Recipe(length=10, batch=8, optimiser=Sgd(lr=0.1, momentum=0.9))


def test_share_and_scale():
    layer = Dropout(0.3).train()
    seed = attach(layer, SgdNoise(0), 5, CPU)
    seed(7)
    y = layer(torch.full((100_000,), 2.0))
    assert y.unique().tolist() == pytest.approx([0.0, 2 / 0.7])
    assert (y == 0).double().mean() == pytest.approx(0.3, abs=5 * (0.3 * 0.7 / 100_000) ** 0.5)
    assert torch.equal(layer.eval()(torch.ones(9)), torch.ones(9))


def test_noise_is_a_function_of_address_and_update():
    layer = Dropout(0.5).train()

    def drawn(address, update):
        attach(layer, SgdNoise(*address), 3, CPU)(update)
        return layer(torch.ones(64)).tolist()

    first = drawn((0, 0, 0), 4)
    torch.manual_seed(5)
    assert drawn((0, 0, 0), 4) == first
    others = [drawn((0, 0, 0), update) for update in (1, 3, 5, 7)]
    others += [drawn(address, 4) for address in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    assert first not in others
    assert len({tuple(other) for other in others}) == len(others)


@pytest.mark.parametrize("k", [1, 3, 7])
def test_going_on_is_the_uninterrupted_run(split, k):
    whole = train(network(), split, RECIPE, SgdNoise(0))
    part = train(network(), split, RECIPE, SgdNoise(0), segment=Segment(until=k))
    module = network()
    module.load_state_dict(part.state)
    end = train(module, split, RECIPE, SgdNoise(0), segment=Segment(k, optimiser=part.optimiser))
    assert all(torch.equal(end.state[name], whole.state[name]) for name in whole.state)


def test_training_has_noise_and_reads_no_global_generator(split):
    module = network(0.5)
    before = torch.get_rng_state()
    noisy = train(module, split, RECIPE, SgdNoise(0)).state
    assert torch.equal(before, torch.get_rng_state())
    plain = train(network(0.0), split, RECIPE, SgdNoise(0)).state
    other = train(network(0.5), split, RECIPE, SgdNoise(0, copy=1)).state
    assert not torch.equal(noisy["1.weight"], plain["1.weight"])
    assert not torch.equal(noisy["1.weight"], other["1.weight"])


def test_outside_of_training_noise_is_asked_for_in_vain(split):
    module = network()
    train(module, split, RECIPE, SgdNoise(0))
    with pytest.raises(RuntimeError, match="eval"):
        module.train()(torch.zeros(1, 4))
    layer = Dropout(0.5).train()
    attach(layer, SgdNoise(0), 1, CPU)(0)
    detach(layer)
    with pytest.raises(RuntimeError, match=r"science\.train"):
        layer(torch.ones(1))


def test_torchs_own_dropout_is_refused(split):
    with pytest.raises(TypeError, match=r"'3'.*lmcspec\.science\.dropout\.Dropout"):
        train(network(dropout=nn.Dropout), split, RECIPE, SgdNoise(0))


def test_silence_lasts_until_the_mode_is_set(split):
    module = network().train()
    silence(module)
    assert module.training
    assert torch.equal(module(split.images), module.eval()(split.images))
    with pytest.raises(RuntimeError, match="silence"):
        module.train()(split.images)


@pytest.mark.gpu
def test_noise_on_a_gpu_is_a_function_of_the_update_too(cuda):
    layer = Dropout(0.3).train()
    seed = attach(layer, SgdNoise(0), 5, cuda)
    ones, drawn = torch.ones(10_000, device=cuda), []
    for update in (3, 4, 3):
        seed(update)
        drawn.append(layer(ones))
    assert torch.equal(drawn[0], drawn[2]) and not torch.equal(drawn[0], drawn[1])
    assert (drawn[0] == 0).double().mean().item() == pytest.approx(0.3, abs=5 * (0.3 * 0.7 / 10_000) ** 0.5)
