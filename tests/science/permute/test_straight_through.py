import pytest
import torch
from digit_networks_for_tests import SHAPE, same, trained
from safetensors.torch import load, save
from torch.nn.functional import cross_entropy, linear

from lmcspec.catalog.models.mlp import Mlp
from lmcspec.science.models import construct, mlp
from lmcspec.science.permute.algebra import apply, random_permutation
from lmcspec.science.permute.midpoint import Midpoint, rows
from lmcspec.science.permute.straight_through import StraightThrough, followed, match_straight_through, steps
from lmcspec.science.permute.tracing import trace
from lmcspec.science.permute.weight_matching import match_weights

SETTINGS = StraightThrough(steps=6, batch=100, lr=0.1, look=2)


@pytest.fixture(scope="module")
def network(few):
    module = construct(mlp.build, Mlp(widths=(16, 12)), SHAPE, 10)
    a, b = (trained(module, few[0], replicate, epochs=2) for replicate in (0, 1))
    return Midpoint(module, a), trace(module, SHAPE).groups, a, b


def loss_of(state, images, labels):
    x = images.flatten(1)
    for name in ("layers.0", "layers.1"):
        x = linear(x, state[f"{name}.weight"], state[f"{name}.bias"]).relu()
    return cross_entropy(linear(x, state["classifier.weight"], state["classifier.bias"]), labels)


def test_steps_are_those_of_the_published_algorithm(network, few):
    """T follows the gradient at (A + p.B) / 2, halved, by SGD with momentum; p matches B to T, from the last p on."""
    midpoint, groups, a, b = network
    states = list(steps(groups, midpoint, b, few[0], SETTINGS))
    free = {name: tensor.clone() for name, tensor in a.items()}
    momenta = {name: torch.zeros_like(tensor) for name, tensor in a.items()}
    p = match_weights(groups, free, b).permutation
    assert same(states[0].permutation, p) and same(states[0].best, p) and same(states[0].free, a)
    for step, state in enumerate(states[1:]):
        moved = apply(groups, p, b)
        middle = {name: ((a[name] + moved[name]) / 2).requires_grad_() for name in a}
        batch = rows(300, 100, step, 0)
        loss = loss_of(middle, few[0].images[batch], few[0].labels[batch])
        loss.backward()
        for name in free:
            momenta[name] = 0.9 * momenta[name] + middle[name].grad / 2
            free[name] = free[name] - 0.1 * momenta[name]
            torch.testing.assert_close(state.free[name], free[name], rtol=1e-4, atol=1e-6)
        assert state.loss == pytest.approx(loss.item(), rel=1e-5)
        p = match_weights(groups, state.free, b, start=p).permutation
        assert state.step == step + 1 and same(state.permutation, p)
        free = {name: tensor.clone() for name, tensor in state.free.items()}


def test_the_best_is_the_one_with_the_lowest_loss_of_those_judged(network, few):
    midpoint, groups, _, b = network
    states = list(steps(groups, midpoint, b, few[0], StraightThrough(steps=7, batch=100, lr=0.5, look=3)))
    judged = [state for state in states if state.step in (0, 3, 6, 7)]
    losses = [midpoint.evaluate(apply(groups, state.permutation, b), few[0]).loss for state in judged]
    best = losses.index(min(losses))
    assert states[-1].best_loss == losses[best] <= losses[0], "never worse than weight matching"
    assert same(states[-1].best, judged[best].permutation)
    assert same(
        match_straight_through(groups, midpoint, b, few[0], StraightThrough(7, 100, 0.5, look=3)), states[-1].best
    )


def test_a_planted_permutation_is_recovered(network, few):
    midpoint, groups, a, _ = network
    planted = apply(groups, random_permutation(groups, 0, 0), a)
    p = match_straight_through(groups, midpoint, planted, few[0], SETTINGS)
    assert same(apply(groups, p, planted), a)


def test_it_begins_where_it_is_told(network, few):
    midpoint, groups, a, b = network
    begin = random_permutation(groups, 0, 1)
    first = next(steps(groups, midpoint, b, few[0], SETTINGS, begin))
    assert same(first.permutation, match_weights(groups, a, b, start=begin).permutation)


def test_going_on_is_bitwise_the_uninterrupted_matching(network, few):
    midpoint, groups, _, b = network
    whole = list(steps(groups, midpoint, b, few[0], SETTINGS))
    for stop in (0, 3, 6):
        handed_over = followed(load(save(whole[stop].tensors())))
        rest = list(steps(groups, midpoint, b, few[0], SETTINGS, handed_over))
        assert [state.step for state in rest] == list(range(stop + 1, 7))
        assert all(same(mine.tensors(), other.tensors()) for mine, other in zip(rest, whole[stop + 1 :], strict=True))
        assert same(match_straight_through(groups, midpoint, b, few[0], SETTINGS, handed_over), whole[-1].best)


def test_the_networks_stay_as_they_are(network, few):
    midpoint, groups, a, b = network
    before = [{name: tensor.clone() for name, tensor in state.items()} for state in (a, b)]
    told = []
    match_straight_through(groups, midpoint, b, few[0], SETTINGS, after_step=lambda state: told.append(state.step))
    assert same(a, before[0]) and same(b, before[1]) and told == list(range(7))
