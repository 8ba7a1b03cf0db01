"""F and the squared distance are the sums that their formulas say, over each parameter once."""

import pytest
import torch
from hand_written_groups_for_tests import mlp_and_groups, randomised, resnet_and_groups, vgg_and_groups

from lmcspec.science.permute.algebra import apply, invert, random_permutation
from lmcspec.science.permute.objective import objective, squared_distance, squared_norm


@pytest.mark.parametrize("made", [mlp_and_groups, vgg_and_groups, resnet_and_groups])
def test_the_formulas(made):
    module, groups = made()
    a, b = randomised(module, 0), randomised(module, 1)
    parameters = dict(module.named_parameters())
    for draw in range(3):
        p = random_permutation(groups, draw)
        moved = apply(groups, p, b)
        pairs = [(x, y) for name in parameters for x, y in zip(a[name].flatten(), moved[name].flatten(), strict=True)]
        assert objective(groups, p, a, b) == pytest.approx(sum(float(x * y) for x, y in pairs), rel=1e-12)
        distance = squared_distance(groups, p, a, b)
        assert distance == pytest.approx(sum(float(x - y) ** 2 for x, y in pairs), rel=1e-12)
        norms = squared_norm(groups, a) + squared_norm(groups, b)
        assert distance == pytest.approx(norms - 2 * objective(groups, p, a, b), rel=1e-12)
        assert distance == pytest.approx(squared_distance(groups, invert(p), b, a), rel=1e-12), (
            "||A - pB|| = ||p^-1 A - B||"
        )


def test_running_statistics_do_not_count():
    module, groups = resnet_and_groups()
    a, b = randomised(module, 0), randomised(module, 1)
    huge = {name: tensor * 1e9 if "running_" in name else tensor for name, tensor in b.items()}
    assert objective(groups, {}, a, b) == objective(groups, {}, a, huge)


def test_half_precision_is_summed_in_double():
    module, groups = mlp_and_groups()
    a, b = randomised(module, 0, torch.bfloat16), randomised(module, 1, torch.bfloat16)
    exact = [{name: tensor.double() for name, tensor in state.items()} for state in (a, b)]
    assert objective(groups, {}, a, b) == objective(groups, {}, *exact)
