import math

import numpy as np
import pytest
import torch
from torch import nn

from lmcspec.base import streams
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct, convnet, mlp


@pytest.fixture
def lenet():
    return construct(mlp.build, Mlp(widths=(300, 100)), (1, 8, 8), 10)


@pytest.mark.parametrize("fan_in", [64, 300])
def test_default_is_uniform_within_one_over_root_fan_in(lenet, fan_in):
    state = initial_state(lenet, "default", ("init", 0))
    layer = "layers.0" if fan_in == 64 else "layers.1"
    for own in ("weight", "bias"):
        values = state[f"{layer}.{own}"].double() * math.sqrt(fan_in)
        assert values.abs().max() <= 1
        assert values.var() == pytest.approx(1 / 3, rel=0.25)


def test_default_has_the_distribution_of_torchs_own(lenet):
    torch_weight = nn.Linear(64, 300).weight
    ours = initial_state(lenet, "default", ("init", 0))["layers.0.weight"]
    bins = np.linspace(-0.125, 0.125, 11)
    assert np.allclose(
        *(np.histogram(w.detach().numpy(), bins)[0] / w.numel() for w in (torch_weight, ours)), atol=0.015
    )


def test_kaiming_normal_has_variance_two_over_fan_in():
    module = construct(convnet.build, ConvNet(depth=2, width=32, init="kaiming-normal"), (3, 8, 8), 10)
    state = initial_state(module, "kaiming-normal", ("init", 0))
    assert state["blocks.1.conv.weight"].var().item() == pytest.approx(2 / (32 * 9), rel=0.05)
    assert state["blocks.1.conv.bias"].abs().max() <= 1 / math.sqrt(32 * 9)


def test_draws_are_the_named_streams(lenet):
    bias = initial_state(lenet, "default", ("reinit", 3, 1))["classifier.bias"]
    expected = (2 * streams.uniforms(10, "reinit", 3, 1, "classifier.bias") - 1) / 10
    assert torch.equal(bias, torch.tensor(expected, dtype=torch.float32))


def test_norms_start_neutral_whatever_the_module_holds():
    module = construct(convnet.build, ConvNet(depth=1, width=4, norm="batch"), (1, 8, 8), 10)
    module(torch.rand(5, 1, 8, 8))
    module.blocks[0].norm.weight.data.uniform_()
    state = initial_state(module, "default", ("init", 0))
    assert state["blocks.0.norm.weight"].eq(1).all() and state["blocks.0.norm.bias"].eq(0).all()
    assert state["blocks.0.norm.running_mean"].eq(0).all() and state["blocks.0.norm.running_var"].eq(1).all()
    assert state["blocks.0.norm.num_batches_tracked"] == 0
    module.load_state_dict(state)


def test_replicates_and_parameters_differ_and_nothing_global_is_read(lenet):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    one, again, other = (initial_state(lenet, "default", ("init", replicate)) for replicate in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(one[name], again[name]) and not torch.equal(one[name], other[name]) for name in one)
    assert not torch.equal(one["layers.0.weight"].view(-1)[:100], one["layers.1.weight"].view(-1)[:100])


def test_a_parameter_without_a_rule_is_named():
    module = nn.Sequential(nn.PReLU())
    with pytest.raises(TypeError, match=r"0\.weight.*PReLU"):
        initial_state(module, "default", ("init", 0))


def test_an_unknown_scheme_is_an_error(lenet):
    with pytest.raises(ValueError, match="orthogonal"):
        initial_state(lenet, "orthogonal", ("init", 0))


@pytest.mark.gpu
@pytest.mark.parametrize("scheme", ["default", "kaiming-normal"])
def test_a_network_on_a_gpu_gets_the_same_bits(cuda, scheme):
    module = construct(convnet.build, ConvNet(depth=2, width=8, norm="batch"), (3, 8, 8), 10)
    expected = initial_state(module, scheme, ("init", 0))
    found = initial_state(module.to(cuda), scheme, ("init", 0))
    assert list(found) == list(expected)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    module.load_state_dict(found)
    for name, tensor in module.state_dict().items():
        assert tensor.device.type == "cuda" and torch.equal(tensor.cpu(), expected[name])
