"""In every registered model a planted permutation is found again."""

import pytest
import torch
from cards_for_tests import example

from lmcspec.catalog import built_in
from lmcspec.science.initial import initial_state
from lmcspec.science.models import construct
from lmcspec.science.permute.algebra import apply, random_permutation
from lmcspec.science.permute.objective import squared_distance
from lmcspec.science.permute.tracing import groups_of
from lmcspec.science.permute.weight_matching import WeightMatching, match_weights

SHAPES = {"imagenet-resnet": (3, 64, 64), "inception-v3": (3, 96, 96), "mlp": (1, 8, 8), "alexnet": (3, 8, 8)}
LARGE = ("inception-v3", "imagenet-resnet", "alexnet")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else []) for name in built_in("model")]
)
def test_a_planted_permutation_is_found(name):
    """Bit by bit: from initial weights, where all norms are alike and say nothing."""
    card, shape = built_in("model")[name], SHAPES.get(name, (3, 32, 32))
    module = construct(card.load(), example(card), shape, 7)
    groups = groups_of(module, shape)
    b = initial_state(module, "default", ("init", 0))
    planted = random_permutation(groups, "planted", name)
    a = apply(groups, planted, b)
    matched = match_weights(groups, a, b, WeightMatching(restarts=1 if name in LARGE else 3))
    assert squared_distance(groups, matched.permutation, a, b) == 0
    moved = apply(groups, matched.permutation, b)
    assert all(torch.equal(moved[key], a[key]) for key in a)
