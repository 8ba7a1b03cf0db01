"""Networks are aligned to each other, ever nearer, and their mean is that of the permuted ones."""

import gc
import itertools

import pytest
import torch
from hand_written_groups_for_tests import mlp_and_groups, outputs, randomised, resnet_and_groups
from safetensors.torch import load, save
from torch import nn

from lmcspec.science.permute.algebra import apply, compose, invert, random_permutation
from lmcspec.science.permute.merging import merge_many, merging, steps
from lmcspec.science.permute.objective import squared_distance
from lmcspec.science.permute.tracing import groups_of
from lmcspec.science.permute.weight_matching import WeightMatching, match_weights


def test_networks_that_are_one_are_brought_together():
    module, groups = mlp_and_groups(20, (32, 24), 5)
    state = randomised(module, 0)
    states = [apply(groups, random_permutation(groups, number), state) for number in range(4)]
    merged = merge_many(groups, states)
    aligned = [apply(groups, p, given) for p, given in zip(merged.permutations, states, strict=True)]
    assert all(torch.equal(other[name], aligned[0][name]) for other in aligned for name in state)
    assert merged.distances[0] > 1 and merged.distances[-1] == 0
    inputs = torch.randn(4, 1, 1, 20, dtype=torch.float64)
    torch.testing.assert_close(outputs(module, merged.mean, inputs), outputs(module, state, inputs))


@pytest.mark.parametrize("kernel", ["linear", "cosine"])
def test_they_only_come_nearer_and_the_mean_is_theirs(kernel):
    module, groups = resnet_and_groups()
    states = [randomised(module, seed, torch.float32) for seed in range(3)]
    merged = merge_many(groups, states, WeightMatching(kernel))
    assert all(after <= before for before, after in itertools.pairwise(merged.distances))
    assert merged.distances[-1] < merged.distances[0]
    aligned = [apply(groups, p, given) for p, given in zip(merged.permutations, states, strict=True)]
    pairs = itertools.combinations(aligned, 2)
    # The sum of squared distances to the mean is that between all pairs, by their number of networks.
    between = sum(squared_distance(groups, {}, x, y) for x, y in pairs) / len(states)
    assert merged.distances[-1] == pytest.approx(between, rel=1e-9)
    for name, tensor in merged.mean.items():
        assert tensor.dtype == states[0][name].dtype
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, sum(state[name] for state in aligned) / 3)
        else:
            assert torch.equal(tensor, states[0][name]), "counters are not averaged"


def test_two_networks_are_as_near_as_matching_brings_them():
    module, groups = mlp_and_groups()
    a, b = randomised(module, 0), randomised(module, 1)
    merged = merge_many(groups, [a, b])
    between = compose(merged.permutations[1], invert(merged.permutations[0]))
    assert 2 * merged.distances[-1] == pytest.approx(squared_distance(groups, between, a, b), rel=1e-9)
    assert match_weights(groups, a, b, start=between).sweeps == 1, "nothing is left to gain"


def test_networks_without_groups_are_merged_as_they_are():
    module = nn.Sequential(nn.Flatten(), nn.Linear(6, 3))
    groups = groups_of(module, (1, 2, 3))
    states = [randomised(module, seed) for seed in range(3)]
    whole = list(steps(groups, states))
    again = merge_many(groups, states, start=merging(whole[0].tensors()))
    assert again.distances == merge_many(groups, states).distances
    torch.testing.assert_close(again.mean["1.bias"], sum(state["1.bias"] for state in states) / 3)


def test_one_network_is_none_to_merge():
    module, groups = mlp_and_groups()
    with pytest.raises(ValueError, match="two or more networks can be merged, not 1"):
        merge_many(groups, [randomised(module, 0)])


def test_going_on_is_bitwise_the_uninterrupted_merging():
    module, groups = resnet_and_groups()
    states = [randomised(module, seed, torch.float32) for seed in range(3)]
    whole = list(steps(groups, states, pair=2))
    assert [state.over for state in whole] == [False] * (len(whole) - 1) + [True]
    assert len(whole) == 3 * whole[-1].passes and len(whole[-1].distances) == 1 + whole[-1].passes
    for stop in (0, 1, 4, len(whole) - 1):
        handed_over = merging(load(save(whole[stop].tensors())))
        rest = list(steps(groups, states, pair=2, start=handed_over))
        assert len(rest) == len(whole) - 1 - stop
        for mine, other in zip(rest, whole[stop + 1 :], strict=True):
            assert all(torch.equal(x, other.tensors()[name]) for name, x in mine.tensors().items())
        told = []
        merged = merge_many(groups, states, pair=2, start=handed_over, after_step=told.append)
        assert [state.passes for state in told] == [state.passes for state in rest]
        assert merged.distances == whole[-1].distances
        expected = merge_many(groups, states, pair=2).mean
        assert all(torch.equal(tensor, expected[name]) for name, tensor in merged.mean.items())


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_networks(monkeypatch):
    """While one is aligned there is a single copy in float64 beside the networks: the mean of the others."""
    module, groups = mlp_and_groups(20, (32, 24), 5)
    states = [randomised(module, seed, torch.float32) for seed in range(6)]
    single, seen = sum(states[0][name].numel() for name in groups.counted), []

    def in_double() -> int:
        gc.collect()
        return sum(x.numel() for x in gc.get_objects() if type(x) is torch.Tensor and x.dtype == torch.float64)

    def watched(*given):
        if len(seen) < 2:  # every look goes through all objects that there are
            seen.append(in_double())
        return match_weights(*given)

    already = in_double()
    monkeypatch.setattr("lmcspec.science.permute.merging.match_weights", watched)
    merge_many(groups, states)
    assert single <= max(seen) - already < 1.5 * single
