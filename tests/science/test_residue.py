"""Weights that only decay: against torch's own optimiser."""

from itertools import pairwise

import pytest
import torch

from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.optimisers.adam import Adam
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.catalog.schedules.steps import Steps
from lmcspec.science.residue import decayed, unmasked


def by_torch(recipe, branches):
    weight = torch.nn.Parameter(torch.tensor([1.0, -3.0], dtype=torch.float64))
    for begin, end in pairwise(branches):
        how = recipe.optimiser
        optimiser = torch.optim.SGD([weight], how.lr, how.momentum, 0, how.weight_decay, how.nesterov)
        for update in range(begin, end):
            optimiser.param_groups[0]["lr"] = recipe.rate(update)
            weight.grad = torch.zeros_like(weight)
            optimiser.step()
    return weight.detach().tolist()


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("branches", [(0, 40), (5, 40), (0, 10, 40), (7, 7)])
def test_it_is_what_torch_does_without_gradient(nesterov, branches):
    recipe = Recipe(
        40,
        8,
        Sgd(lr=0.1, momentum=0.9, weight_decay=0.02, nesterov=nesterov),
        Steps(at=as_steps((20,)), factor=0.2, warmup=as_steps(4)),
    )
    share = decayed(recipe, branches)
    assert by_torch(recipe, branches) == pytest.approx([share, -3 * share], rel=1e-12)
    assert (share == 1) == (branches[0] == branches[-1])


def test_of_other_optimisers_it_says_that_it_can_t():
    with pytest.raises(ValueError, match="adam"):
        decayed(Recipe(4, 8, Adam(lr=0.1, weight_decay=0.1)), (0, 4))


def test_on_imagenet_10_more_than_a_tenth_of_it_stays():
    """The digest of the released code works out 0.116 for 203 updates an epoch and 2.5e-4 for CIFAR's 782."""
    for epoch, share, within in ((203, 0.116, 0.002), (782, 2.5e-4, 1e-5)):
        recipe = Recipe(
            300 * epoch,
            64,
            Sgd(lr=0.01, momentum=0.9, weight_decay=5e-4),
            Steps(at=as_steps((200 * epoch, 250 * epoch)), factor=0.2),
        )
        assert decayed(recipe, (0, 300 * epoch)) == pytest.approx(share, abs=within)


def test_masked_places_get_their_share_of_the_start():
    state, start = {"w": torch.tensor([1.0, 0.0]), "b": torch.tensor([5.0])}, {"w": torch.tensor([9.0, 4.0])}
    found = unmasked(state, {"w": torch.tensor([True, False])}, start, 0.25)
    assert found["w"].tolist() == [1.0, 1.0]
    assert found["b"] is state["b"]
