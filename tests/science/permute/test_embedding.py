"""A narrow network in a wide one's shapes computes the same, comes out again, and is matched to the wide one."""

import pytest
import torch
from hand_written_groups_for_tests import groups as make_groups
from hand_written_groups_for_tests import mlp_and_groups, outputs, randomised, resnet_and_groups, vgg_and_groups
from torch import nn

from lmcspec.science.permute.algebra import apply, invert, random_permutation
from lmcspec.science.permute.embedding import check_embedding, crop, embed
from lmcspec.science.permute.groups import Block, Groups
from lmcspec.science.permute.weight_matching import WeightMatching, match_weights

PAIRS = {
    "mlp": (mlp_and_groups(6, (12, 10)), mlp_and_groups(6, (20, 13)), (1, 1, 6)),
    "vgg": (vgg_and_groups(6), vgg_and_groups(9), (3, 8, 8)),
    "resnet": (resnet_and_groups(width=8), resnet_and_groups(width=12), (3, 8, 8)),
}
pairs = pytest.mark.parametrize("name", PAIRS)


@pairs
def test_the_function_stays(name):
    (narrow, few), (wide, many), shape = PAIRS[name]
    narrow.eval()
    wide.eval()
    state = randomised(narrow, 0)
    inputs = torch.randn(3, *shape, dtype=torch.float64)
    padded = embed(few, many, state)
    assert {key: tensor.shape for key, tensor in padded.items()} == {
        key: tensor.shape for key, tensor in wide.state_dict().items()
    }
    torch.testing.assert_close(outputs(wide, padded, inputs), outputs(narrow, state, inputs), rtol=1e-10, atol=1e-10)
    check_embedding((narrow, wide), (few, many), shape)


@pairs
def test_what_was_put_in_comes_out(name):
    (narrow, few), (_, many), _ = PAIRS[name]
    state = randomised(narrow, 0)
    back = crop(few, many, embed(few, many, state))
    assert all(torch.equal(back[key], state[key]) for key in state)


@pairs
@pytest.mark.parametrize("kernel", ["linear", "cosine"])
def test_a_planted_part_of_a_wide_network_is_recovered(name, kernel):
    """The wide network has the narrow one's units among others, in any order, and its weights between them."""
    (narrow, few), (wide, many), _ = PAIRS[name]
    b = randomised(narrow, 0)
    padded, other = embed(few, many, b), randomised(wide, 1)
    inside = embed(few, many, {key: torch.ones_like(tensor) for key, tensor in b.items()})
    hidden = {key: torch.where(inside[key].bool(), tensor, 0.3 * other[key]) for key, tensor in padded.items()}
    a = apply(many, random_permutation(many, 5), hidden)
    matched = match_weights(many, a, padded, WeightMatching(kernel))
    beside = crop(few, many, apply(many, invert(matched.permutation), a))
    assert all(torch.equal(beside[key], b[key]) for key in few.counted)


def test_equal_widths_are_nothing_to_do():
    (narrow, few), _, _ = PAIRS["resnet"]
    state = randomised(narrow, 0)
    assert all(torch.equal(tensor, state[key]) for key, tensor in embed(few, few, state).items())


def test_layer_norm_over_channels_is_refused():
    """Mean and variance would be those of other units."""
    (narrow, few), (wide, many) = resnet_and_groups(norm="layer"), resnet_and_groups(width=6, norm="layer")
    with pytest.raises(ValueError, match=r"its norms: ChannelNorm\): networks of different widths can be matched with"):
        check_embedding((narrow, wide), (few, many), (3, 8, 8))


def test_other_architectures_and_wider_ones_are_refused():
    (narrow, few), (_, many), _ = PAIRS["mlp"]
    state = randomised(narrow, 0)
    with pytest.raises(ValueError, match=r"axis 0 has 20 units of 'layers.0' and can't be embedded in 12"):
        embed(many, few, state)
    other = Groups(
        {"z": 12},
        few.axes | {"layers.0.weight": ((Block("z", 12),), (Block(None, 6),))},
        few.counted,
    )
    with pytest.raises(ValueError, match=r"layers.0.weight, axis 0 has other groups in the wide network"):
        embed(few, other, state)
    module = nn.Linear(6, 3)
    with pytest.raises(ValueError, match="another tensor in the wide network"):
        embed(few, make_groups(module, {}), state)
