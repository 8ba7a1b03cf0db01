"""Where units of groups are seen: the activations at these places, of this network and of others."""

import pytest
import torch
from permuted_for_tests import drawn, permuted
from torch import nn
from torch.nn import functional as F

from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.science.models import construct, convnet, mlp, resnet
from lmcspec.science.permute.description import described, rows
from lmcspec.science.permute.tracing import trace

IMAGES = (1, 8, 8)


@pytest.fixture(scope="module")
def perceptron():
    return trace(construct(mlp.build, Mlp(widths=(9, 7)), IMAGES, 5), IMAGES)


@pytest.fixture(scope="module")
def residual():
    return trace(construct(resnet.build, CifarResNet(depth=8, width=4), (3, 8, 8), 5), (3, 8, 8))


def test_a_hidden_layer_is_seen_before_and_after_its_non_linearity(perceptron):
    assert [(site.operation, site.nonlinear, site.axis) for site in perceptron.sites["layers.0"]] == [
        ("linear", False, 1),
        ("relu", True, 1),
    ]
    assert perceptron.sites["layers.0"][1].place == "relu in the network"


def test_activations_are_those_of_the_layers_written_out(perceptron):
    state = {name: torch.randn_like(tensor) for name, tensor in perceptron.module.state_dict().items()}
    images = torch.randn(6, *IMAGES)
    sites = [perceptron.sites[group][at] for group in ("layers.1", "layers.0") for at in (1, 0)]
    first = F.linear(images.flatten(1), state["layers.0.weight"], state["layers.0.bias"])
    second = F.linear(first.relu(), state["layers.1.weight"], state["layers.1.bias"])
    expected = [second.relu(), second, first.relu(), first]
    for given, wanted in zip(perceptron.run(state, images, sites), expected, strict=True):
        torch.testing.assert_close(given, wanted)


def test_a_stream_is_seen_after_its_sums(residual):
    sites = residual.sites["stem.conv"]
    assert [site.place for site in sites if site.nonlinear] == ["relu in the network", "relu in blocks.0"]
    assert [site.place for site in sites if site.operation == "add"] == ["add in blocks.0"]
    assert [site.number for site in sites] == sorted(site.number for site in sites)


def test_permuted_networks_have_permuted_activations_at_every_place(residual):
    """Whatever happens to the other groups: those of a group depend on its permutation alone."""
    state = {
        name: t + torch.rand_like(t) if t.is_floating_point() else t for name, t in residual.module.state_dict().items()
    }
    permutation = drawn(residual.groups)
    twin = permuted(residual.groups, permutation, state)
    images = torch.randn(4, 3, 8, 8)
    sites = [(group, site) for group, several in residual.sites.items() for site in several]
    before, after = (residual.run(s, images, [site for _, site in sites]) for s in (state, twin))
    for (group, site), old, new in zip(sites, before, after, strict=True):
        torch.testing.assert_close(new, old.index_select(site.axis, permutation[group]), rtol=1e-3, atol=1e-4)


def test_features_in_blocks_have_an_entry_for_each_unit():
    traced = trace(construct(convnet.build, ConvNet(depth=2, width=4), IMAGES, 5), IMAGES)
    (flat,) = [site for site in traced.sites["blocks.1.conv"] if site.operation == "flatten"]
    (pooled,) = [site for site in traced.sites["blocks.1.conv"] if site.operation == "avg_pool2d"]
    state = traced.module.state_dict()
    of_flat, of_pooled = traced.run(state, torch.randn(3, *IMAGES), [flat, pooled])
    assert of_flat.shape == (3, 4, 4)
    torch.testing.assert_close(of_flat, of_pooled.flatten(2))


def test_what_works_in_place_does_not_change_what_was_seen_before():
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.out = nn.Linear(64, 6), nn.Linear(6, 2)

        def forward(self, x):
            return self.out(self.a(x.flatten(1)).relu_())

    traced = trace(InPlace(), IMAGES)
    before, after = traced.run(traced.module.state_dict(), torch.randn(9, *IMAGES), traced.sites["a"])
    assert before.min() < 0 and torch.equal(after, before.relu())


def test_a_network_that_takes_another_way_is_an_error():
    class Turning(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(64, 6)

        def forward(self, x):
            x = self.a(x.flatten(1))
            return x.relu() if len(x) < 4 else x.tanh()

    traced = trace(Turning(), IMAGES)
    with pytest.raises(RuntimeError, match="trace it with images of this kind"):
        traced.run(traced.module.state_dict(), torch.randn(5, *IMAGES), ())


def test_a_trace_that_was_run_leaves_the_module_as_it_was(residual):
    module = residual.module.train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    residual.run({name: tensor * 0 for name, tensor in before.items()}, torch.randn(2, 3, 8, 8), ())
    assert module.training and all(torch.equal(t, before[name]) for name, t in module.state_dict().items())


def test_groups_in_words(perceptron):
    assert [(row.group, row.units, row.places) for row in rows(perceptron.groups)] == [
        ("layers.0", 9, ("layers.0.weight axis 0", "layers.0.bias axis 0", "layers.1.weight axis 1")),
        ("layers.1", 7, ("layers.1.weight axis 0", "layers.1.bias axis 0", "classifier.weight axis 1")),
    ]
    assert described(perceptron.groups) == [
        "2 groups, 16 units",
        "  layers.0: 9 units in 3 places",
        *(f"    {place}" for place in ("layers.0.weight axis 0", "layers.0.bias axis 0", "layers.1.weight axis 1")),
        "  layers.1: 7 units in 3 places",
        *(f"    {place}" for place in ("layers.1.weight axis 0", "layers.1.bias axis 0", "classifier.weight axis 1")),
        "stays as it is",
        "  layers.0.weight axis 1: pixels stay in order",
        "  classifier.weight axis 0: the network's output stays in order",
        "  classifier.bias axis 0: the network's output stays in order",
    ]


def test_blocks_in_words():
    groups = trace(construct(convnet.build, ConvNet(depth=1, width=4), IMAGES, 5), IMAGES).groups
    assert rows(groups)[0].places[-1] == "classifier.weight axis 1 in blocks of 16"
