"""Networks that nobody had in mind: their groups are right, or what is not understood stays and is reported."""

import warnings

import pytest
import torch
from calls_for_tests import IMAGES, Calls
from odd_networks_for_tests import ODD
from permuted_for_tests import drawn, permuted
from torch import nn

from lmcspec.science.permute.groups import Block, Groups
from lmcspec.science.permute.recording import outputs_of
from lmcspec.science.permute.rules.rule import tensors_in
from lmcspec.science.permute.selfcheck import GroupsError, check, randomised
from lmcspec.science.permute.tracing import TracingError, groups_of, trace


def built(name):
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of weight norm by hooks
        warnings.simplefilter("ignore", DeprecationWarning)  # of scripts
        torch.manual_seed(0)
        return ODD[name].build()


def outputs(module, state, images):
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        given = tensors_in(outputs_of(module, {name: tensor.clone() for name, tensor in state.items()}, images))
    return torch.cat([tensor.flatten().to(torch.complex128) for tensor in given])


@pytest.mark.parametrize("name", ODD)
def test_groups_are_these_and_keep_the_function(name):
    """In evaluation and in training, with nothing at its initial value; nothing is left out in silence."""
    module, odd = built(name), ODD[name]
    groups = groups_of(module, IMAGES)
    assert tuple(sorted(groups.sizes.values())) == odd.sizes
    reports = [entry.reason for entry in groups.pinned if " axis " not in entry.place]
    assert any(odd.reported in reason for reason in reports) if odd.reported else not reports
    module = module.double()
    generator = torch.Generator().manual_seed(3)
    state = dict(module.state_dict()) | randomised(module, generator)
    twin = permuted(groups, drawn(groups), state)
    images = torch.randn(3, *IMAGES, generator=generator, dtype=torch.float64)
    for training in (False, True):
        module.train(training)
        before, after = (outputs(module, given, images) for given in (state, twin))
        assert before.isfinite().all() and before.abs().max() > 0
        assert (after - before).abs().max() <= 1e-10 * before.abs().max()


@pytest.mark.parametrize("name", [name for name, odd in ODD.items() if odd.sizes and name != "classes"])
def test_the_self_check_sees_any_weight_that_is_left_behind(name):
    """Of classes alone it could not: they stay the same where little changes."""
    module = built(name)
    groups = groups_of(module, IMAGES)
    state = module.state_dict()
    for tensor in (name for name in groups.counted if state[name].ndim > 1):
        for axis, blocks in enumerate(groups.axes[tensor]):
            if not any(block.group for block in blocks):
                continue
            axes = [*groups.axes[tensor]]
            axes[axis] = (Block(None, state[tensor].shape[axis]),)
            broken = Groups(groups.sizes, {**groups.axes, tensor: tuple(axes)}, groups.counted)
            with pytest.raises(GroupsError, match="changes what the network computes"):
                check(module, broken, IMAGES)


def linear(width=4):
    return nn.Linear(3 * 8 * 8, width)


class Opaque:
    def __init__(self, tensor):
        self.tensor = tensor


@pytest.mark.parametrize(
    ("forward", "problem"),
    [
        (lambda m, x: Opaque(m.a(x.flatten(1))), "gives a value of type Opaque, in which there is no tensor"),
        (lambda m, x: None, "gives a value of type NoneType, in which there is no tensor"),
        (lambda m, x: float(m.a(x.flatten(1)).sum()), "gives a value of type float, in which there is no tensor"),
    ],
)
def test_an_output_without_a_tensor_is_an_error(forward, problem):
    with pytest.raises(TracingError, match=problem):
        trace(Calls(forward, a=linear()), IMAGES)


def test_what_can_not_be_looked_into_is_reported():
    module = Calls(lambda m, x: (m.a(x.flatten(1)), Opaque(m.b(x.flatten(1)))), a=linear(), b=linear(5))
    reasons = {entry.place: entry.reason for entry in trace(module, IMAGES).groups.pinned}
    assert reasons["the network's output"] == "the network's output has a Opaque, in which no tensor is looked for"


def test_a_module_whose_parameters_are_not_there_yet():
    module = Calls(lambda m, x: m.out(m.a(x.flatten(1)).relu()), a=nn.LazyLinear(6), out=nn.Linear(6, 4))
    with pytest.raises(TracingError, match=r"a\.weight has no shape yet"):
        trace(module, IMAGES)
    module(torch.zeros(1, *IMAGES))
    assert dict(groups_of(module, IMAGES).sizes) == {"a": 6}


def test_a_network_whose_answers_change_by_themselves_can_not_be_checked():
    count = iter(range(100))
    module = Calls(lambda m, x: m.out(m.a(x.flatten(1)).relu()) + next(count), a=linear(6), out=nn.Linear(6, 4))
    with pytest.raises(GroupsError, match="answers differently each time"):
        groups_of(module, IMAGES)


def test_a_network_without_numbers_or_that_takes_no_other_weights_can_not_be_checked():
    module = Calls(lambda m, x: m.out(m.a(x.flatten(1)).relu()), a=linear(6), out=nn.Linear(6, 4))
    with pytest.raises(GroupsError, match="can't be run with other weights: The stateless API"):
        groups_of(nn.DataParallel(module), IMAGES)
    with pytest.raises(GroupsError, match="the network is on the meta device"):
        groups_of(module.to("meta"), IMAGES)


def test_another_way_through_the_network_is_an_error_where_it_is_met():
    """Traced on one way, checked on another: the first image here is dark, and random ones are not."""

    def forward(m, x):
        h = m.a(x.flatten(1)).relu()
        return m.out(h) if x[0].mean() < -0.2 else m.out(h.flip(1) * m.scale)

    module = Calls(forward, a=linear(6), scale=nn.Parameter(torch.randn(6)), out=nn.Linear(6, 4))
    groups = trace(module, IMAGES).groups
    assert any("takes a number out of the network" in entry.reason for entry in groups.pinned)
    with pytest.raises(GroupsError, match="permuting the group 'a' changes"):
        check(module, groups, IMAGES)


def test_frozen_parameters_stay_frozen():
    module = built("frozen")
    trace(module, IMAGES)
    assert not any(parameter.requires_grad for parameter in module.parameters())
