import copy

import pytest
import torch
from digit_networks_for_tests import SHAPE, same, trained
from torch import nn

from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.science import paths
from lmcspec.science.evaluate import InOrder, evaluate, evaluate_on
from lmcspec.science.models import construct, convnet, mlp, resnet
from lmcspec.science.paths import Ends, Evaluated, Refill
from lmcspec.science.permute.repair import hidden_layers, merged, mixed, repair, with_statistics
from lmcspec.science.permute.tracing import trace

MODELS = {
    "mlp": (mlp.build, Mlp(widths=(24, 16))),
    "convnet": (convnet.build, ConvNet(depth=2, width=12, norm="none")),
    "resnet": (resnet.build, CifarResNet(depth=8, width=6, norm="none")),
}


def network(build, config, few, epochs=2, lr=0.05):
    module = construct(build, config, SHAPE, 10)
    a, b = (trained(module, few[0], replicate, epochs, lr) for replicate in (0, 1))
    return module, trace(module, SHAPE).groups, a, b


@pytest.fixture(scope="module", params=MODELS)
def plain(request, few):
    return network(*MODELS[request.param], few)


@pytest.fixture(scope="module")
def batch_normed(few):
    return network(convnet.build, ConvNet(depth=2, width=8, norm="batch"), few)


def outputs(module, state, layers, images):
    """Mean and deviation of each unit of the layers' outputs in float64, by hooks."""
    net, seen = copy.deepcopy(module), {}
    net.load_state_dict(state)
    for name in layers:
        linear = isinstance(net.get_submodule(name), nn.Linear)
        net.get_submodule(name).register_forward_hook(
            lambda _, __, y, name=name, linear=linear: seen.update(
                {name: y.movedim(-1 if linear else 1, 0).flatten(1).double()}
            )
        )
    with torch.no_grad():
        net.eval()(images)
    return {name: (y.mean(1), y.std(1, correction=0)) for name, y in seen.items()}


def test_hidden_layers_are_all_but_the_last(plain):
    module, groups, _, _ = plain
    layers = [name for name, part in module.named_modules() if isinstance(part, (nn.Conv2d, nn.Linear))]
    assert hidden_layers(module, groups) == tuple(layers[:-1]) and layers[-1] == "classifier"


@pytest.mark.parametrize("alpha", [0.25, 0.5])
def test_units_have_mean_and_deviation_between_those_of_the_ends(plain, few, alpha):
    module, groups, a, b = plain
    layers, images = hidden_layers(module, groups), few[0].images
    repaired = repair(module, a, b, InOrder(few[0]), layers, alpha)
    of_a, of_b, ours, before = (
        outputs(module, state, layers, images) for state in (a, b, repaired, mixed(a, b, alpha))
    )
    collapsed = 0
    for name in layers:
        for what in (0, 1):
            expected = (1 - alpha) * of_a[name][what] + alpha * of_b[name][what]
            torch.testing.assert_close(ours[name][what], expected, rtol=2e-3, atol=2e-4)
        collapsed += float(before[name][1].mean()) < float(ours[name][1].mean())
    assert collapsed >= len(layers) - 1, "the variance of what lies between two networks is smaller than theirs"


def test_at_the_ends_it_is_the_networks_themselves(plain, few):
    module, groups, a, b = plain
    layers = hidden_layers(module, groups)
    for alpha, end in ((0.0, a), (1.0, b)):
        repaired = repair(module, a, b, InOrder(few[0]), layers, alpha)
        logits = []
        for state in (end, repaired):
            net = copy.deepcopy(module)
            net.load_state_dict(state)
            logits.append(net.eval()(few[1].images).detach())
        torch.testing.assert_close(logits[1], logits[0], rtol=1e-3, atol=1e-3)


def test_several_batches_average_their_statistics(plain, few):
    module, groups, a, b = plain
    layers = hidden_layers(module, groups)
    whole, parts = (repair(module, a, b, InOrder(few[0], batch), layers) for batch in (300, 100))
    assert not same(whole, parts)
    losses = []
    for state in (whole, parts):
        module.load_state_dict(state)
        losses.append(evaluate(module, few[0]).loss)
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


def test_the_module_and_the_ends_stay_as_they_are(plain, few):
    module, groups, a, b = plain
    states = [a, b, dict(module.state_dict())]
    before = [{name: tensor.clone() for name, tensor in state.items()} for state in states]
    names = [name for name, _ in module.named_modules()]
    state = merged(module, groups, a, b, InOrder(few[0]))
    assert all(same(now, old) for now, old in zip(states, before, strict=True))
    assert [name for name, _ in module.named_modules()] == names and state.keys() == a.keys()


def test_a_merged_network_without_norms_is_the_repaired_one_and_better_than_the_average(few):
    module, groups, a, b = network(*MODELS["mlp"], few, epochs=6, lr=0.1)
    state = merged(module, groups, a, b, InOrder(few[0]))
    assert same(state, repair(module, a, b, InOrder(few[0]), hidden_layers(module, groups)))
    losses = []
    for each in (state, mixed(a, b)):
        module.load_state_dict(each)
        losses.append(evaluate(module, few[0]).loss)
    assert losses[0] < losses[1]


def test_batch_norm_gets_fresh_statistics_as_on_paths(batch_normed, few):
    module, groups, a, b = batch_normed
    state = merged(module, groups, a, b, InOrder(few[0], 100), 0.25)
    module.load_state_dict(state)
    ours = evaluate(module, few[1])
    refill = Refill(few[0], batch=100)
    curve = paths.curves(module, Ends(a, b), (0.25,), Evaluated(few[1]), ("recompute",), refill)["recompute"]
    assert ours == curve.test[0]
    average = mixed(a, b, 0.25)
    assert all(torch.equal(state[name], average[name]) for name, _ in module.named_parameters())
    assert not torch.equal(state["blocks.0.norm.running_mean"], average["blocks.0.norm.running_mean"])
    assert same(with_statistics(module, average, InOrder(few[0], 100)), state)


def test_layer_norm_needs_neither(few):
    module, groups, a, b = network(convnet.build, ConvNet(depth=2, width=8, norm="layer"), few, epochs=1)
    assert same(merged(module, groups, a, b, InOrder(few[0]), 0.25), mixed(a, b, 0.25))


def test_integers_are_not_mixed(batch_normed):
    _, _, a, b = batch_normed
    counted = {name: tensor + 2 if not tensor.is_floating_point() else tensor for name, tensor in b.items()}
    state = mixed(a, counted)
    assert torch.equal(state["blocks.0.norm.num_batches_tracked"], a["blocks.0.norm.num_batches_tracked"])


def test_a_unit_that_never_changes_stays_so(few):
    module, groups, a, b = network(*MODELS["mlp"], few, epochs=1)
    for state in (a, b):
        state["layers.0.weight"][2], state["layers.0.bias"][2] = 0, 0.5
    state = repair(module, a, b, InOrder(few[0]), hidden_layers(module, groups))
    assert not state["layers.0.weight"][2].any() and state["layers.0.bias"][2] == pytest.approx(0.5)
    assert all(torch.isfinite(tensor).all() for tensor in state.values())


class Transposed(nn.Module):
    """A transposed convolution, tokens, and weights that are shared."""

    def __init__(self, bias=True, tied=False):
        super().__init__()
        self.up = nn.ConvTranspose2d(1, 5, 2, stride=2, bias=bias)
        self.token = nn.Linear(16, 7)
        self.again = nn.Linear(16, 7)
        if tied:
            self.again.weight = self.token.weight
        self.classifier = nn.Linear(7, 10)

    def forward(self, x):
        x = self.up(x).relu().flatten(2).unflatten(2, (16, 16)).mean(1)
        return self.classifier((self.token(x).relu() + self.again(x).relu()).mean(1))


def states_of(module):
    generator = torch.Generator().manual_seed(0)
    return [
        {name: 0.3 * torch.randn(tensor.shape, generator=generator) for name, tensor in module.state_dict().items()}
        for _ in range(2)
    ]


def test_units_may_lie_on_other_axes(few):
    module = Transposed()
    a, b = states_of(module)
    layers = ("up", "token", "again")
    repaired = repair(module, a, b, InOrder(few[0]), layers)
    of_a, of_b, ours = (outputs(module, state, layers, few[0].images) for state in (a, b, repaired))
    for name in layers:
        for what in (0, 1):
            torch.testing.assert_close(
                ours[name][what], (of_a[name][what] + of_b[name][what]) / 2, rtol=2e-3, atol=2e-4
            )
    module.load_state_dict(repaired)
    assert torch.isfinite(torch.tensor(evaluate_on(module, InOrder(few[0])).loss))


@pytest.mark.parametrize(
    ("module", "layers", "message"),
    [
        (Transposed(bias=False), ["up"], "'up' can't be repaired: it has no bias to take up the shift"),
        (
            Transposed(tied=True),
            ["again"],
            r"'again' can't be repaired: token.weight and again.weight are the same tensor",
        ),
        (Transposed(), ["down"], "'down' is no convolution or linear layer of this network"),
        (nn.Sequential(nn.ConvTranspose2d(4, 4, 2, groups=2)), ["0"], "a transposed convolution of several groups"),
    ],
)
def test_what_can_not_be_repaired_is_an_error(few, module, layers, message):
    a, b = states_of(module)
    with pytest.raises(ValueError, match=message):
        repair(module, a, b, InOrder(few[0]), layers)


def test_batch_norm_is_not_repaired(batch_normed, few):
    module, groups, a, b = batch_normed
    with pytest.raises(ValueError, match="needs no repair: take its statistics anew"):
        repair(module, a, b, InOrder(few[0]), hidden_layers(module, groups))
