"""Paths on which units are given the mean and deviation that lie between those of the ends."""

import copy

import pytest
import torch
from digit_networks_for_tests import SHAPE, same, trained
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.parametrizations import weight_norm

from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.science import curves, paths
from lmcspec.science.evaluate import InOrder, evaluate
from lmcspec.science.models import construct, convnet, mlp, resnet
from lmcspec.science.paths import Ends, Evaluated, Refill
from lmcspec.science.permute.repair import hidden_layers, hidden_places, mixed, repair
from lmcspec.science.permute.tracing import trace
from lmcspec.science.statistics_of_norms import recompute
from lmcspec.science.unit_norms import axis_of_units, behind, between

MODELS = {
    "mlp": (mlp.build, Mlp(widths=(24, 16))),
    "convnet": (convnet.build, ConvNet(depth=2, width=12, norm="none")),
    "layer norm": (resnet.build, CifarResNet(depth=8, width=6, norm="layer")),
    "instance norm": (convnet.build, ConvNet(depth=2, width=12, norm="instance")),
}


@pytest.fixture(scope="module", params=MODELS)
def network(request, few):
    build, config = MODELS[request.param]
    module = construct(build, config, SHAPE, 10)
    a, b = (trained(module, few[0], replicate, 2, 0.05) for replicate in (0, 1))
    return module, trace(module, SHAPE).groups, a, b


def curve_of(module, groups, ends, few, policies, alphas, batch=300):
    refill = Refill(few[0], batch=batch, layers=hidden_places(module, groups))
    return paths.curves(module, Ends(*ends), alphas, Evaluated(few[1], few[0]), policies, refill)


def seen_of(net, places, images):
    """Mean and deviation of each unit of the outputs of these modules, in float64, by hooks of our own."""
    seen, hooks = {}, []
    for name in places:
        part = net.get_submodule(name)
        last = isinstance(part, nn.Linear)

        def note(part, given, y, name=name, last=last):
            seen[name] = y.movedim(-1 if last else 1, 0).flatten(1).double()

        hooks.append(part.register_forward_hook(note))
    with torch.no_grad():
        net.eval()(images)
    for hook in hooks:
        hook.remove()
    return {name: (y.mean(1), y.std(1, correction=0)) for name, y in seen.items()}


@pytest.mark.parametrize("alpha", [0.25, 0.5, 0.9])
def test_units_have_the_statistics_between_those_of_the_ends(network, few, alpha):
    module, groups, a, b = network
    module, images = copy.deepcopy(module), few[0].images
    places = hidden_places(module, groups)
    assert set(hidden_layers(module, groups)) <= set(places)
    of_ends = []
    for end in (a, b):
        module.load_state_dict(end)
        of_ends.append(seen_of(module, places, images))
    batches = InOrder(few[0], 300)
    with behind(module, places) as units:
        module.load_state_dict(a)
        of_a = units.watch(batches)
        module.load_state_dict(b)
        of_b = units.watch(batches)
        module.load_state_dict(mixed(a, b, alpha))
        as_it_is = seen_of(module, places, images)
        units.settle(batches, between(of_a, of_b, alpha))
        with units.held():
            ours = seen_of(module, places, images)
        again = seen_of(module, places, images)
    assert same({name: torch.stack(x) for name, x in as_it_is.items()}, {k: torch.stack(x) for k, x in again.items()})
    assert not any(part._forward_hooks for part in module.modules())
    for name in places:
        for what in (0, 1):
            wanted = (1 - alpha) * of_ends[0][name][what] + alpha * of_ends[1][name][what]
            torch.testing.assert_close(ours[name][what], wanted, rtol=2e-3, atol=3e-4)


def test_the_ends_are_the_networks_and_what_lies_between_is_not_the_mixture(network, few):
    module, groups, a, b = network
    found = curve_of(module, groups, (a, b), few, ("average", "repair"), curves.alphas(3))
    for place, end in ((0, a), (-1, b)):
        assert found["repair"].test[place] == found["average"].test[place]
        module.load_state_dict(end)
        assert found["repair"].test[place].loss == pytest.approx(evaluate(module, few[1]).loss, rel=1e-6)
    assert found["repair"].test[1] != found["average"].test[1]
    alone = curve_of(module, groups, (a, b), few, ("repair",), curves.alphas(3))
    assert alone["repair"].test == found["repair"].test and alone["repair"].policy == "repair"
    there = curve_of(module, groups, (b, a), few, ("repair",), curves.alphas(3))
    assert there["repair"].test[1].loss == pytest.approx(found["repair"].test[1].loss, rel=1e-3)


def test_a_small_network_layer_by_layer(few):
    """The curve beside one that is computed by hand, in float64."""
    module = construct(mlp.build, Mlp(widths=(24, 16)), SHAPE, 10)
    a, b = (trained(module, few[0], replicate, 2, 0.05) for replicate in (0, 1))
    alphas = (0.2, 0.5, 0.7)
    found = curve_of(module, trace(module, SHAPE).groups, (a, b), few, ("repair",), alphas)["repair"]
    train, test = (split.images.flatten(1).double() for split in few)

    def layers_of(state):
        names = ("layers.0", "layers.1", "classifier")
        return [(state[f"{name}.weight"].double(), state[f"{name}.bias"].double()) for name in names]

    def statistics(state):
        h, seen = train, []
        for weight, bias in layers_of(state)[:2]:
            z = h @ weight.T + bias
            seen.append((z.mean(0), z.std(0, correction=0)))
            h = z.relu()
        return seen

    of_a, of_b = statistics(a), statistics(b)
    for alpha, value in zip(alphas, found.test, strict=True):
        h, unseen = train, test
        *hidden, (weight, bias) = layers_of(mixed(a, b, alpha))
        for place, (w, offset) in enumerate(hidden):
            z, z_unseen = h @ w.T + offset, unseen @ w.T + offset
            mean, deviation = ((1 - alpha) * of_a[place][k] + alpha * of_b[place][k] for k in (0, 1))
            moved = [(x - z.mean(0)) / z.std(0, correction=0) * deviation + mean for x in (z, z_unseen)]
            h, unseen = (x.relu() for x in moved)
        logits = unseen @ weight.T + bias
        assert value.loss == pytest.approx(float(cross_entropy(logits, few[1].labels)), rel=1e-4)
        assert value.error == pytest.approx(float((logits.argmax(1) != few[1].labels).double().mean()))


def test_it_is_the_network_that_repair_makes(few):
    module = construct(*MODELS["convnet"], SHAPE, 10)
    groups = trace(module, SHAPE).groups
    a, b = (trained(module, few[0], replicate, 2, 0.05) for replicate in (0, 1))
    found = curve_of(module, groups, (a, b), few, ("repair",), (0.25,), batch=100)["repair"]
    module.load_state_dict(repair(module, a, b, InOrder(few[0], 100), hidden_layers(module, groups), 0.25))
    expected = evaluate(module, few[1])
    assert (found.test[0].error, found.test[0].loss) == (expected.error, pytest.approx(expected.loss, rel=1e-4))


def test_with_batch_norm_it_is_recompute(few):
    module = construct(convnet.build, ConvNet(depth=2, width=8, norm="batch"), SHAPE, 10)
    a, b = (trained(module, few[0], replicate, 2, 0.05) for replicate in (0, 1))
    groups = trace(module, SHAPE).groups
    found = curve_of(module, groups, (a, b), few, ("average", "recompute", "repair"), curves.alphas(5))
    assert found["repair"].test == found["recompute"].test != found["average"].test
    alone = curve_of(module, groups, (a, b), few, ("repair",), curves.alphas(5))
    assert alone["repair"].train == found["recompute"].train


def test_it_brings_the_norms_of_batch_norm_to_their_goals(few):
    """Why `recompute` is all that is asked for: a norm gives its shift and scale, which are mixed as weights are."""
    module = construct(convnet.build, ConvNet(depth=2, width=8, norm="batch"), SHAPE, 10)
    a, b = (trained(module, few[0], replicate, 2, 0.05) for replicate in (0, 1))
    norms = [name for name, part in module.named_modules() if isinstance(part, nn.BatchNorm2d)]
    of_ends, batches = [], InOrder(few[0], 300)
    for state in (a, b, mixed(a, b, 0.3)):
        module.load_state_dict(state)
        recompute(module, batches)
        of_ends.append(seen_of(module, norms, few[0].images))
    for name in norms:
        for what in (0, 1):
            wanted = 0.7 * of_ends[0][name][what] + 0.3 * of_ends[1][name][what]
            torch.testing.assert_close(of_ends[2][name][what], wanted, rtol=5e-3, atol=1e-3)


def test_a_layer_whose_units_are_nowhere_is_an_error():
    module = nn.Sequential(nn.Flatten(), nn.LayerNorm((4, 3)))
    assert axis_of_units(module[1]) is None
    with pytest.raises(ValueError, match="'1' has no axis of units"), behind(module, ("1",)):
        pass


def test_layers_whose_weights_are_computed_are_hidden_as_others_are(few):
    """Their units can be settled where they come out, but not worked into a weight that is no tensor of its own."""
    net = nn.Sequential(nn.Flatten(), weight_norm(nn.Linear(64, 8)), nn.ReLU(), weight_norm(nn.Linear(8, 10)))
    groups = trace(net, SHAPE).groups
    assert hidden_places(net, groups) == hidden_layers(net, groups) == ("1",)
    with pytest.raises(ValueError, match="'1' can't be repaired: its weight or bias is computed from other tensors"):
        repair(net, net.state_dict(), net.state_dict(), InOrder(few[0]), ["1"])
