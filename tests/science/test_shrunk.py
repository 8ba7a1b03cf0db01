"""Networks without dead units: the same outputs and gradients, or None."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from trainings_for_tests import with_dead

from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.catalog.models.vgg import CifarVgg
from lmcspec.science import masks, shrunk
from lmcspec.science.dead import read
from lmcspec.science.models import convnet, mlp, resnet, vgg
from lmcspec.science.permute.tracing import trace
from lmcspec.science.shrunk import shrink

SHAPE = (1, 8, 8)
BUILT = {
    "mlp": lambda: mlp.build(Mlp(widths=(20, 10)), SHAPE, 10),
    "instance": lambda: convnet.build(ConvNet(depth=2, width=6), SHAPE, 10),
    "batch": lambda: convnet.build(ConvNet(depth=2, width=6, norm="batch"), SHAPE, 10),
    "resnet": lambda: resnet.build(CifarResNet(depth=8, width=4), SHAPE, 10),
}


def drawn(module, mask, seed):
    draws = torch.Generator().manual_seed(seed)
    state = {
        name: torch.rand(tensor.shape, generator=draws, dtype=torch.float64).sub_(0.0 if "var" in name else 0.5)
        if tensor.is_floating_point()
        else tensor
        for name, tensor in module.state_dict().items()
    }
    return {name: tensor * mask[name] if name in mask else tensor for name, tensor in state.items()}


@pytest.mark.parametrize("name", BUILT)
@given(seed=st.integers(0, 9999))
def test_outputs_and_gradients_are_those_of_the_whole_network(name, seed):
    module = BUILT[name]().double()
    mask = with_dead(module, seed)
    groups = trace(module, SHAPE).groups
    small = shrink(module, groups, mask, SHAPE)
    if small is None:
        assert {name: len(units) for name, units in read(groups, mask).items()} == groups.sizes
        return
    state = drawn(module, mask, seed)
    module.load_state_dict(state)
    small.module.load_state_dict(small.take(state))
    images = torch.randn(5, *SHAPE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    for training in (False, True):
        outputs = [network.train(training)(images) for network in (module, small.module)]
        torch.testing.assert_close(*outputs, rtol=1e-8, atol=1e-9)
        for network, output in zip((module, small.module), outputs, strict=True):
            network.zero_grad()
            functional.cross_entropy(output, torch.arange(5)).backward()
        smaller = dict(small.module.named_parameters())
        for key, parameter in module.named_parameters():
            gradient = parameter.grad * mask[key] if key in mask else parameter.grad
            mine = smaller[key].grad * small.taken(key, mask[key]) if key in mask else smaller[key].grad
            torch.testing.assert_close(mine, small.taken(key, gradient), rtol=1e-6, atol=1e-8)
            put = torch.zeros_like(gradient)
            if key in small.places:
                small.put(key, small.taken(key, gradient), put)
                assert torch.equal(put, gradient)  # whatever is left out has no gradient


def test_tensors_are_those_that_are_left():
    module = BUILT["mlp"]()
    mask = masks.dense(module)
    mask["layers.0.weight"][:, :50] = False
    mask["layers.1.weight"][:, 3:] = False
    small = shrink(module, trace(module, SHAPE).groups, mask, SHAPE)
    assert {name: tuple(tensor.shape) for name, tensor in small.module.state_dict().items()} == {
        "layers.0.weight": (3, 14),
        "layers.0.bias": (3,),
        "layers.1.weight": (10, 3),
        "layers.1.bias": (10,),
        "classifier.weight": (10, 10),
        "classifier.bias": (10,),
    }
    assert torch.equal(small.module.layers[0].weight, module.layers[0].weight[:3, 50:])
    assert module.layers[0].weight.shape == (20, 64) and small.module.layers[0].weight is not module.layers[0].weight


@pytest.mark.parametrize("name", BUILT)
def test_of_a_network_in_which_all_is_read_nothing_is_left_out(name):
    module = BUILT[name]()
    assert shrink(module, trace(module, SHAPE).groups, masks.dense(module), SHAPE) is None


def test_a_network_whose_output_reads_nothing_stays_a_network():
    module = BUILT["mlp"]()
    mask = {name: torch.zeros_like(keep) for name, keep in masks.dense(module).items()}
    small = shrink(module, trace(module, SHAPE).groups, mask, SHAPE)
    assert [tuple(parameter.shape) for parameter in small.module.parameters()] == [
        *[(1, 1), (1,), (1, 1), (1,)],
        *[(10, 1), (10,)],
    ]


def test_where_too_little_would_be_left_out_nothing_is_tried(monkeypatch):
    module = BUILT["mlp"]()
    mask, groups = masks.dense(module), trace(module, SHAPE).groups
    mask["layers.0.weight"][:, :16] = False  # 320 of 1,580
    assert shrink(module, groups, mask, SHAPE, least=0.2) is not None
    monkeypatch.setattr(shrunk, "_agree", None)
    assert shrink(module, groups, mask, SHAPE, least=0.21) is None


class Normed(nn.Module):
    """A norm over all units sees the dead ones as well."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(64, 12), nn.Linear(12, 10)

    def forward(self, x):
        return self.last(functional.layer_norm(self.first(x.flatten(1)), (12,)))


class Counting(nn.Module):
    """Code that counts on its shapes."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(64, 12), nn.Linear(12, 10)

    def forward(self, x):
        return self.last(self.first(x.flatten(1)).relu().view(-1, 12))


class Summing(nn.Module):
    """A number of all units enters the output by no weight."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(64, 12), nn.Linear(12, 10)

    def forward(self, x):
        hidden = self.first(x.flatten(1)).relu()
        return self.last(hidden) + hidden.sum(1, keepdim=True)


@pytest.mark.parametrize("network", [Normed, Counting, Summing])
def test_what_reads_units_otherwise_is_left_whole(network):
    module = network()
    mask = masks.dense(module)
    mask["last.weight"][:, :4] = False
    assert shrink(module, trace(module, SHAPE).groups, mask, SHAPE) is None


@pytest.mark.slow
def test_a_vgg_is_shrunk():
    module = vgg.build(CifarVgg(depth=11), (3, 32, 32), 10)
    mask = with_dead(module, 0)
    small = shrink(module, trace(module, (3, 32, 32)).groups, mask, (3, 32, 32))
    weights = [sum(p.numel() for p in network.parameters()) for network in (module, small.module)]
    assert weights[1] < 0.5 * weights[0]
