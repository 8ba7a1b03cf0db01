"""Barriers between a network and its permutations, and between networks before and after matching."""

import pytest
import torch
from digit_networks_for_tests import SHAPE, same, trained

from lmcspec.catalog.models.mlp import Mlp
from lmcspec.science.curves import alphas, barrier, midpoint_barrier
from lmcspec.science.evaluate import evaluate
from lmcspec.science.models import construct, mlp
from lmcspec.science.paths import Ends, Evaluated, curves
from lmcspec.science.permute.activation_matching import match_activations
from lmcspec.science.permute.algebra import apply, invert, random_permutation
from lmcspec.science.permute.midpoint import Midpoint
from lmcspec.science.permute.repair import mixed
from lmcspec.science.permute.tracing import trace
from lmcspec.science.permute.weight_matching import match_weights

GRID = alphas(11)


@pytest.fixture(scope="module")
def networks(few):
    """Two replicates of an MLP, wide enough for digits, with their traced module."""
    module = construct(mlp.build, Mlp(widths=(64, 64)), SHAPE, 10)
    a, b = (trained(module, few[0], replicate, epochs=15) for replicate in (0, 1))
    return module, trace(module, SHAPE), a, b


def curve(module, a, b, split):
    return curves(module, Ends(a, b), GRID, Evaluated(split), ("average",))["average"]


def barriers(module, a, b, split):
    line = curve(module, a, b, split)
    return tuple(barrier(line.values("test", what), GRID) for what in ("error", "loss"))


def test_there_is_none_between_a_network_and_itself(networks, few):
    module, _, a, _ = networks
    line = curve(module, a, a, few[0])
    assert len(set(line.values("test", "error"))) == 1
    assert line.values("test", "loss") == pytest.approx([line.values("test", "loss")[0]] * 11, abs=1e-6)


@pytest.mark.parametrize("way", ["weights", "activations"])
def test_there_is_one_to_its_permutation_until_that_is_matched(networks, few, way):
    module, traced, a, _ = networks
    planted = apply(traced.groups, random_permutation(traced.groups, 0, 0), a)
    error, loss = barriers(module, a, planted, few[0])
    assert error > 0.2 and loss > 0.5
    if way == "weights":
        p = match_weights(traced.groups, a, planted).permutation
    else:
        p = match_activations(traced, a, planted, few[0])
    matched = curve(module, a, apply(traced.groups, p, planted), few[0])
    assert len(set(matched.values("test", "error"))) == 1
    assert barrier(matched.values("test", "loss"), GRID) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("way", ["weights", "activations"])
def test_matching_lowers_it_and_the_inverse_does_not(networks, few, way):
    module, traced, a, b = networks
    p = match_weights(traced.groups, a, b).permutation if way == "weights" else match_activations(traced, a, b, few[0])
    before, after, wrong = (
        barriers(module, a, state, few[0])
        for state in (b, apply(traced.groups, p, b), apply(traced.groups, invert(p), b))
    )
    assert after[0] < 0.1 * before[0] and after[1] < 0.1 * before[1]
    assert wrong[0] > 10 * after[0] and wrong[1] > 10 * after[1]
    aligned = apply(traced.groups, invert(p), a)
    assert barriers(module, aligned, b, few[0]) == pytest.approx(after, abs=1e-6), "A brought to B by the inverse"


def test_it_is_zero_at_the_ends_positive_between_and_the_same_from_either_end(networks, few):
    """Errors rise where accuracies fall: a barrier of errors is positive."""
    module, _, a, b = networks
    there, back = curve(module, a, b, few[0]), curve(module, b, a, few[0])
    for what in ("error", "loss"):
        values, mirrored = there.values("test", what), back.values("test", what)
        assert values == pytest.approx(mirrored[::-1], abs=1e-5)
        rises = [v - ((1 - x) * values[0] + x * values[-1]) for v, x in zip(values, GRID, strict=True)]
        assert rises[0] == rises[-1] == 0 and barrier(values, GRID) == max(rises) > 0
    accuracies = [1 - error for error in there.values("test", "error")]
    fall = min(v - ((1 - x) * accuracies[0] + x * accuracies[-1]) for v, x in zip(accuracies, GRID, strict=True))
    assert barrier(there.values("test", "error"), GRID) == pytest.approx(-fall)


def test_the_middle_alone_is_a_single_evaluation(networks, few):
    """For sweeps: with ends that are known it is the midpoint barrier, at an eleventh of the whole curve's cost."""
    module, _, a, b = networks
    line = curve(module, a, b, few[0])
    middle = Midpoint(module, a).evaluate(b, few[0])
    ends = [line.values("test", "loss")[place] for place in (0, -1)]
    assert middle.loss - sum(ends) / 2 == midpoint_barrier(line.values("test", "loss"), GRID)
    module.load_state_dict(mixed(a, b))
    assert evaluate(module, few[0]).errors == middle.errors


def test_looking_twice_gives_the_same_bits(networks, few):
    module, traced, a, b = networks
    first, second = (match_activations(traced, a, b, few[0]) for _ in range(2))
    assert same(first, second)
    assert curve(module, a, b, few[0]).values("test", "loss") == curve(module, a, b, few[0]).values("test", "loss")
    assert not torch.equal(first["layers.0"], torch.arange(64))
