import copy

import pytest
import torch
from digit_networks_for_tests import SHAPE, same, trained
from torch.nn.functional import cross_entropy

from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.science import paths
from lmcspec.science.evaluate import evaluate
from lmcspec.science.models import construct, convnet, mlp
from lmcspec.science.paths import Ends, Evaluated
from lmcspec.science.permute.midpoint import Midpoint, rows
from lmcspec.science.statistics_of_norms import recompute

MODELS = {
    "plain": (mlp.build, Mlp(widths=(12, 8))),
    "batch norm": (convnet.build, ConvNet(depth=2, width=6, norm="batch")),
}


@pytest.fixture(scope="module", params=MODELS)
def ends(request, few):
    build, config = MODELS[request.param]
    module = construct(build, config, SHAPE, 10)
    a, b = (trained(module, few[0], replicate, epochs=1) for replicate in (0, 1))
    return module, a, b


def halfway(module, a, b):
    """A copy of the module that holds the mean of two states."""
    net = copy.deepcopy(module)
    net.load_state_dict({name: (a[name] + b[name]) / 2 if a[name].is_floating_point() else a[name] for name in a})
    return net


def test_the_loss_is_that_of_the_averaged_network_with_the_batch_s_own_statistics(ends, few):
    module, a, b = ends
    images, labels = few[0].images[:50], few[0].labels[:50]
    net = halfway(module, a, b).train()
    expected = cross_entropy(net(images), labels)
    expected.backward()
    free = {name: b[name].clone().requires_grad_(b[name].is_floating_point()) for name in b}
    loss = Midpoint(module, a).loss(free, images, labels)
    loss.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    for name, parameter in net.named_parameters():
        torch.testing.assert_close(free[name].grad, parameter.grad / 2, msg=name)
    assert all(free[name].grad is None for name, _ in net.named_buffers())


def test_states_and_their_buffers_stay_as_they_are(ends, few):
    module, a, b = ends
    before = [{name: tensor.clone() for name, tensor in state.items()} for state in (a, b)]
    Midpoint(module, a).loss(b, few[0].images, few[0].labels)
    Midpoint(module, a).evaluate(b, few[0])
    assert same(a, before[0]) and same(b, before[1])


def test_evaluating_is_the_middle_of_the_path(ends, few):
    """With fresh statistics where there are any; no end is evaluated for it."""
    module, a, b = ends
    evaluation = Midpoint(module, a).evaluate(b, few[1])
    refill = paths.Refill(few[1])
    curve = paths.curves(module, Ends(a, b), (0, 0.5, 1), Evaluated(few[1]), ("recompute",), refill)["recompute"]
    assert evaluation == curve.test[1]
    net = halfway(module, a, b)
    recompute(net, refill.batches())
    assert evaluation == evaluate(net, few[1])


def test_batches_of_a_step_cover_an_epoch_in_an_order_of_its_own():
    steps = [rows(10, 4, step, 0, 0) for step in range(6)]
    assert [len(part) for part in steps] == [4, 4, 2, 4, 4, 2]
    epochs = [torch.cat(steps[:3]).tolist(), torch.cat(steps[3:]).tolist()]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10)) and epochs[0] != epochs[1]
    assert torch.equal(rows(10, 4, 4, 0, 0), steps[4]) and not torch.equal(rows(10, 4, 4, 0, 1), steps[4])
