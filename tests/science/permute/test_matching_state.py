"""A matching that was stopped goes on to the same bits, from any sweep, and by way of a file."""

import pytest
import torch
from hand_written_groups_for_tests import randomised, resnet_and_groups, vgg_and_groups
from safetensors.torch import load, save

from lmcspec.science.permute.matching_state import as_tensors, from_tensors
from lmcspec.science.permute.weight_matching import WeightMatching, match_weights, sweeps


@pytest.mark.parametrize("made", [vgg_and_groups, resnet_and_groups])
@pytest.mark.parametrize("kernel", ["linear", "cosine"])
def test_going_on_is_bitwise_the_uninterrupted_run(made, kernel):
    module, groups = made()
    a, b = randomised(module, 0), randomised(module, 1)
    settings = WeightMatching(kernel, restarts=2)
    states = list(sweeps(groups, a, b, settings, pair=4))
    assert len(states) > 4
    for place, stopped in enumerate(states):
        kept = from_tensors(groups, load(save(as_tensors(groups, stopped))))
        rest = list(sweeps(groups, a, b, settings, kept, pair=4))
        assert len(rest) == len(states) - place - 1
        for state, expected in zip(rest, states[place + 1 :], strict=True):
            assert equal(as_tensors(groups, state), as_tensors(groups, expected))
        assert equal(as_tensors(groups, kept), as_tensors(groups, stopped))


def test_what_was_handed_over_does_not_change_afterwards():
    module, groups = resnet_and_groups()
    a, b = randomised(module, 0), randomised(module, 1)
    handed, copies = [], []

    def keep(state):
        handed.append(state)
        copies.append(as_tensors(groups, state))

    matched = match_weights(groups, a, b, WeightMatching(restarts=2), after_sweep=keep)
    assert all(equal(as_tensors(groups, state), copy) for state, copy in zip(handed, copies, strict=True))
    assert handed[-1].best is matched and [state.sweep for state in handed].count(1) == 2


def test_restarts_can_be_added_to_what_was_finished():
    module, groups = resnet_and_groups()
    a, b = randomised(module, 0), randomised(module, 1)
    *_, last = sweeps(groups, a, b, WeightMatching(restarts=2))
    assert list(sweeps(groups, a, b, WeightMatching(restarts=2), last)) == []
    assert match_weights(groups, a, b, WeightMatching(restarts=2), last) is last.best
    more, whole = (match_weights(groups, a, b, WeightMatching(restarts=5), start) for start in (last, None))
    assert more.restart == whole.restart and more.objective == whole.objective


def equal(a, b) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
