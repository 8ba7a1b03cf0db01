"""Several networks in one pass over the images, against a loop that looks at one point after another: to the bit."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.models.resnet import CifarResNet
from lmcspec.science import curves, paths, plane, several
from lmcspec.science.data.resident import Split
from lmcspec.science.data.space import Conversion
from lmcspec.science.evaluate import Evaluation
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct, convnet, mlp, resnet
from lmcspec.science.paths import Ends, Evaluated, Refill
from lmcspec.science.stack import Stack
from lmcspec.science.statistics_of_norms import recompute

MODELS = {
    "mlp": (mlp.build, Mlp(widths=(32, 16))),
    "batch norm": (convnet.build, ConvNet(depth=2, width=8, norm="batch")),
    "instance norm": (convnet.build, ConvNet(depth=2, width=8, norm="instance")),
    "resnet": (resnet.build, CifarResNet(depth=8, width=4)),
}
BATCH = 70
POINTS = [(1.0, 0.0, 0.0), (0.2, 0.5, 0.3), (-1.0, 1.5, 0.5), (0.0, 0.0, 1.0), (2.0, -0.5, -0.5)]


@pytest.fixture(params=MODELS)
def model(request):
    """A model and three states of it, with statistics that differ."""
    build, config = MODELS[request.param]
    module = construct(build, config, (1, 8, 8), 10)
    states = [initial_state(module, "default", ("init", number)) for number in range(3)]
    for number, state in enumerate(states):
        for name in state:
            if name.endswith("running_var"):
                state[name] = state[name] + number / 4
    return module, states


@pytest.fixture(params=[1, 2, 5, 64])
def most(request, monkeypatch):
    """How many networks look at a batch."""
    monkeypatch.setattr(several, "MOST", request.param)
    return request.param


def parts(split, batch=BATCH):
    return list(zip(split.images.split(batch), split.labels.split(batch), strict=True))


def looked(net, split):
    """One network after another, batch by batch, and all of their sums at the end."""
    net.eval()
    wrong, losses = [], []
    with torch.no_grad():
        for x, y in parts(split):
            logits = net(x)
            wrong.append((logits.argmax(1) != y).sum())
            losses.append(cross_entropy(logits, y, reduction="none").double().sum())
    return Evaluation(len(split), int(sum(wrong)), float(torch.stack(losses).sum()) / len(split))


def refilled(net, split, batch):
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.reset_running_stats()
            part.momentum = None
            part.train()
    with torch.no_grad():
        for x, _ in parts(split, batch):
            net(x)


def at(module, states, weights):
    """A copy that holds the sum, added up state by state."""
    net, state = copy.deepcopy(module), dict(states[0])
    for name, tensor in state.items():
        if tensor.is_floating_point():
            state[name] = torch.zeros_like(tensor)
            for weight, other in zip(weights, states, strict=True):
                if weight:
                    state[name] = state[name] + other[name] * weight
    net.load_state_dict(state)
    return net


@pytest.mark.parametrize("each", [False, True])
def test_a_path_is_that_of_a_loop_over_its_points(few, model, most, each):
    module, (a, b, _) = model
    on = Evaluated(few[1], few[0], batch=BATCH, each=each)
    found = paths.curves(
        copy.deepcopy(module), Ends(a, b), curves.alphas(6), on, refill=Refill(few[0], torch.arange(250), 40)
    )
    for policy, curve in found.items():
        for place, alpha in enumerate(curves.alphas(6)):
            net = at(module, (a, b), (1 - alpha, alpha))
            if policy == "recompute" and paths.has_batch_norm(net):
                refilled(net, Split(few[0].images[:250], few[0].labels[:250]), 40)
            assert (curve.train[place], curve.test[place]) == (looked(net, few[0]), looked(net, few[1]))
            if each:
                with torch.no_grad():
                    logits = torch.cat([net(x) for x, _ in parts(few[1])])
                of_each = cross_entropy(logits, few[1].labels, reduction="none")
                assert curve.images["test"].wrong[place].tolist() == (logits.argmax(1) != few[1].labels).tolist()
                assert curve.images["test"].losses[place] == pytest.approx(of_each.numpy(), rel=1e-6)


@pytest.mark.parametrize("seconds", [0.0, math.inf])
@pytest.mark.parametrize("recomputed", [False, True])
def test_a_plane_is_that_of_a_loop_over_its_points(few, model, most, recomputed, seconds):
    module, states = model
    train = few[0].subset(torch.arange(250))
    grid = plane.Points(copy.deepcopy(module), states, few[1], train if recomputed else None, BATCH)
    groups = list(grid.values(POINTS, seconds))
    assert len(groups) == (len(POINTS) if seconds == 0 else math.ceil(len(POINTS) / most))
    for weights, found in zip(POINTS, [value for group in groups for value in group], strict=True):
        net = at(module, states, weights)
        for part in net.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_var.clamp_(min=0)
        if recomputed:
            refilled(net, train, 1000)
        assert found == looked(net, few[1])


def test_repaired_points_are_those_of_one_after_another(few, monkeypatch):
    build, config = MODELS["mlp"]
    module = construct(build, config, (1, 8, 8), 10)
    ends = Ends(*(initial_state(module, "default", ("init", number)) for number in range(2)))
    refill, on = Refill(few[0], batch=100, layers=("layers.0", "layers.1")), Evaluated(few[1], few[0])
    of = {}
    for most in (1, 2, 64):
        monkeypatch.setattr(several, "MOST", most)
        told = []
        of[most] = paths.curves(module, ends, curves.alphas(5), on, ("average", "repair"), refill, told.append)
        assert told == sorted(told) and told[-1] == 5 and not any(part._forward_hooks for part in module.modules())
    assert of[1] == of[2] == of[64] and of[1]["repair"].test != of[1]["average"].test


class Counted(Split):
    """A split that counts how many of its batches are made."""

    made = 0

    def batch(self, indices, draws=None):
        Counted.made += 1
        return super().batch(indices, draws)


@pytest.mark.parametrize(("most", "passes"), [(64, 1), (3, 2), (1, 5)])
def test_batches_are_made_once_for_a_group_of_points(few, monkeypatch, most, passes):
    """Of a split that is too large to be held; statistics are taken in as many passes."""
    monkeypatch.setattr(several, "MOST", most)
    monkeypatch.setattr("lmcspec.science.evaluate._HELD", 0)
    build, config = MODELS["batch norm"]
    module = construct(build, config, (1, 8, 8), 10)
    a, b = (initial_state(module, "default", ("init", number)) for number in range(2))
    images = (few[0].images * 255).to(torch.uint8)
    split = Counted(images, few[0].labels, Conversion(255.0))
    Counted.made = 0
    paths.curves(
        module, Ends(a, b), curves.alphas(5), Evaluated(split, batch=30), ("recompute",), Refill(split, batch=100)
    )
    assert Counted.made == passes * (10 + 3)
    Counted.made = 0
    list(plane.values(module, (a, b), None, [(alpha, 1 - alpha) for alpha in curves.alphas(5)], split, split, 30))
    assert Counted.made == passes * (10 + 1)


def test_a_group_fits_its_bytes(monkeypatch):
    module = nn.Linear(9, 10)  # 400 bytes
    assert len(several.as_many(module, 5).modules) == 5
    assert len(several.as_many(module, 500).modules) == several.MOST
    for room, count in ((1200, 3), (1199, 2), (399, 1)):
        monkeypatch.setattr(several, "GROUP", room)
        assert len(several.as_many(module, 5).modules) == count


def test_what_cannot_be_copied_is_looked_at_one_point_after_another(few):
    """A tensor that is a part of a graph is such a thing."""
    build, config = MODELS["mlp"]
    module = construct(build, config, (1, 8, 8), 10)
    a, b = (initial_state(module, "default", ("init", number)) for number in range(2))
    expected = paths.curves(module, Ends(a, b), curves.alphas(5), Evaluated(few[1]))
    module.last = next(module.parameters()) * 2
    assert len(several.as_many(module, 5).modules) == 1
    assert paths.curves(module, Ends(a, b), curves.alphas(5), Evaluated(few[1])) == expected


def test_a_norm_that_is_used_twice(few):
    """Each of its uses counts as one of the batches whose mean is taken."""

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.last = nn.BatchNorm2d(1), nn.Linear(64, 10)

        def forward(self, x):
            return self.last(self.norm(self.norm(x) * 2 + 1).flatten(1))

    net, other = Twice(), Twice()
    other.load_state_dict(net.state_dict())
    batches = parts(few[0])
    recompute(net, batches)
    refilled(other, few[0], BATCH)
    assert torch.equal(net.norm.running_var, other.norm.running_var) and net.norm.momentum == 0.1


def test_points_are_told_batch_by_batch(few):
    build, config = MODELS["mlp"]
    module = construct(build, config, (1, 8, 8), 10)
    a, b = (initial_state(module, "default", ("init", number)) for number in range(2))
    told: list[int] = []
    paths.curves(module, Ends(a, b), curves.alphas(3), Evaluated(few[1], batch=50), ("average",), pulse=told.append)
    assert told == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3]
    told.clear()
    grid = plane.Points(module, (a, b), few[1], batch=50)
    assert len(list(grid.values([(0.5, 0.5), (1.0, 0.0), (0.0, 1.0)], pulse=told.append))) == 1
    assert told == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3]


@pytest.mark.parametrize(("seconds", "sizes"), [(math.inf, [4, 4, 2]), (0.0, [1] * 10)])
def test_groups_are_smaller_where_they_would_take_too_long(seconds, sizes):
    groups = list(several.in_groups(range(10), 4, seconds))
    assert [len(group) for group in groups] == sizes and [point for group in groups for point in group] == [*range(10)]


TOLERANCE = {"mlp": 1e-6, "batch norm": 1e-6, "instance norm": 1e-6, "resnet": 1e-6}
"""Of losses, relative; measured on a CPU: 7e-9 with instance norm, and the same bits with the others."""


def assert_close(found, expected, tolerance):
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.images, ours.loss) == (theirs.images, pytest.approx(theirs.loss, rel=tolerance))
        assert abs(ours.errors - theirs.errors) <= 1  # two classes may be equal up to rounding


@pytest.mark.parametrize("stacked", [2, 3])
@pytest.mark.parametrize("name", MODELS)
def test_points_as_one_program_agree_to_rounding(few, name, stacked, monkeypatch):
    """The last of seven points is left to be computed by itself; statistics are taken together, too."""
    asked = []
    on_the_same = Stack.on_the_same
    monkeypatch.setattr(Stack, "on_the_same", lambda stack, x: asked.append(len(x)) or on_the_same(stack, x))
    build, config = MODELS[name]
    module = construct(build, config, (1, 8, 8), 10)
    states = [initial_state(module, "default", ("init", number)) for number in range(3)]
    refill = Refill(few[0], torch.arange(250), 40)
    expected, found = (
        paths.curves(
            copy.deepcopy(module),
            Ends(*states[:2]),
            curves.alphas(7),
            Evaluated(few[1], few[0], batch=BATCH, each=True, stacked=number),
            refill=refill,
        )
        for number in (1, stacked)
    )
    for policy, curve in expected.items():
        assert_close(found[policy].train, curve.train, TOLERANCE[name])
        assert_close(found[policy].test, curve.test, TOLERANCE[name])
        theirs = curve.images["test"]
        assert found[policy].images["test"].losses == pytest.approx(theirs.losses, rel=1e-4, abs=1e-5)
        assert (found[policy].images["test"].wrong != theirs.wrong).sum() <= 2
    for train in (None, few[0].subset(torch.arange(250))):
        alone, together = (
            [
                value
                for group in plane.Points(module, states, few[1], train, BATCH, number).values(POINTS)
                for value in group
            ]
            for number in (1, stacked)
        )
        assert_close(together, alone, TOLERANCE[name])
    programs = 6 // stacked
    for images, batches in ((70, 2 + 4), (40, 6 - 1 if paths.has_batch_norm(module) else 0)):
        assert asked.count(images) >= programs * batches


def test_who_is_computed_together_does_not_depend_on_where_it_began(few):
    """Groups are of whole programs, so that what goes on after a stop has the same bits."""
    build, config = MODELS["batch norm"]
    module = construct(build, config, (1, 8, 8), 10)
    states = [initial_state(module, "default", ("init", number)) for number in range(3)]
    points = [(1 - share, share, 0.1) for share in curves.alphas(9)]
    grid = plane.Points(module, states, few[1], few[0], BATCH, stacked=2)
    whole = [value for group in grid.values(points) for value in group]
    slow = list(grid.values(points, seconds=0))
    assert [len(group) for group in slow] == [2, 2, 2, 2, 1] and [value for group in slow for value in group] == whole
    later = [value for group in grid.values(points[4:]) for value in group]
    assert later == whole[4:]


def test_repaired_networks_and_few_points_are_never_one_program(few, monkeypatch):
    monkeypatch.setattr(Stack, "on_the_same", None)
    build, config = MODELS["mlp"]
    module = construct(build, config, (1, 8, 8), 10)
    ends = Ends(*(initial_state(module, "default", ("init", number)) for number in range(2)))
    refill, on = Refill(few[0], layers=("layers.0",)), Evaluated(few[1], stacked=2)
    assert paths.curves(module, ends, curves.alphas(5), on, ("average", "repair"), refill)
    assert several.as_many(module, 3, stacked=4).stacked == 1
    monkeypatch.setattr(several, "GROUP", 1)
    assert several.as_many(module, 8, stacked=4).stacked == 1


@pytest.mark.gpu
@pytest.mark.parametrize("stacked", [2, 4])
@pytest.mark.parametrize("name", MODELS)
def test_points_as_one_program_agree_on_a_gpu(cuda, few_on_gpu, name, stacked):
    build, config = MODELS[name]
    module = construct(build, config, (1, 8, 8), 10)
    ends = Ends(*(initial_state(module, "default", ("init", number)) for number in range(2)))
    expected, found, again = (
        paths.curves(
            copy.deepcopy(module).to(cuda),
            ends,
            curves.alphas(7),
            Evaluated(few_on_gpu[1], few_on_gpu[0], batch=BATCH, stacked=number),
        )
        for number in (1, stacked, stacked)
    )
    assert found == again
    for policy, curve in expected.items():
        assert_close(found[policy].test, curve.test, 1e-4)
        assert_close(found[policy].train, curve.train, 1e-4)


@pytest.mark.gpu
def test_a_gpu_finds_the_same_whatever_the_group(cuda, few_on_gpu, model, monkeypatch):
    module, (a, b, _) = model
    found = []
    for most in (1, 64):
        monkeypatch.setattr(several, "MOST", most)
        on = Evaluated(few_on_gpu[1], few_on_gpu[0], batch=BATCH)
        found.append(paths.curves(copy.deepcopy(module).to(cuda), Ends(a, b), curves.alphas(6), on))
    assert found[0] == found[1]
