"""Permutations keep functions, compose and invert, and carry masks and moments as they carry weights."""

import pytest
import torch
from hand_written_groups_for_tests import groups as make_groups
from hand_written_groups_for_tests import mlp_and_groups, outputs, randomised, resnet_and_groups, vgg_and_groups
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples
from torch import nn

from lmcspec.science.permute import algebra
from lmcspec.science.permute.algebra import (
    apply,
    apply_to_moments,
    compose,
    fixed_points,
    fixed_share,
    identity,
    invert,
    random_permutation,
)
from lmcspec.science.permute.groups import Block, Groups

NETWORKS = {"mlp": mlp_and_groups(), "vgg": vgg_and_groups(), "resnet": resnet_and_groups()}
IMAGES = {"mlp": (7, 1, 1, 6), "vgg": (7, 3, 8, 8), "resnet": (7, 3, 8, 8)}
networks = pytest.mark.parametrize("name", NETWORKS)
seeds = st.integers(0, 10_000)


def equal(a, b) -> bool:
    return list(a) == list(b) and all(torch.equal(a[name], b[name]) for name in a)


@networks
@pytest.mark.parametrize("training", [False, True])
def test_the_function_stays(name, training):
    """With biases, norms and running statistics that are not zeros and ones, which would hide what was forgotten."""
    module, groups = NETWORKS[name]
    module.train(training)
    state = randomised(module, 0)
    images = torch.randn(IMAGES[name], generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = outputs(module, state, images)
    for draw in range(5):
        permuted = apply(groups, random_permutation(groups, draw), state)
        assert any(not torch.equal(permuted[key], state[key]) for key in groups.counted)
        torch.testing.assert_close(outputs(module, permuted, images), expected, rtol=1e-10, atol=1e-10)


def test_running_statistics_are_permuted_with_their_units():
    module, groups = NETWORKS["resnet"]
    module.eval()
    state = randomised(module, 0)
    images = torch.randn(IMAGES["resnet"], dtype=torch.float64)
    permuted = apply(groups, random_permutation(groups, 0), state)
    forgotten = permuted | {name: state[name] for name in state if "running_" in name}
    off = (outputs(module, forgotten, images) - outputs(module, state, images)).abs().max()
    assert off > 1e-3, "which is what happens where they are not"


def test_the_matrix_form_is_the_same():
    """W becomes P_l W P_(l-1)^T with P = eye[p]."""
    module, groups = NETWORKS["mlp"]
    state = randomised(module, 0)
    permutation = random_permutation(groups, 3)
    p, q = (torch.eye(len(vector), dtype=torch.float64)[vector] for vector in permutation.values())
    (w1, b1), (w2, _), (w3, b3) = list(zip(*[iter(state.values())] * 2, strict=True))
    moved = list(apply(groups, permutation, state).values())
    torch.testing.assert_close(moved[0], p @ w1)
    torch.testing.assert_close(moved[1], p @ b1)
    torch.testing.assert_close(moved[2], q @ w2 @ p.T)
    torch.testing.assert_close(moved[4], w3 @ q.T)
    assert torch.equal(moved[5], b3)


@networks
@settings(max_examples=examples(0.4))
@given(draw=seeds)
def test_laws(name, draw):
    module, groups = NETWORKS[name]
    state = randomised(module, 0)
    p, q, r = (random_permutation(groups, draw, number) for number in range(3))
    moved = apply(groups, p, state)
    assert equal(apply(groups, invert(p), moved), state)
    assert equal(apply(groups, q, moved), apply(groups, compose(p, q), state))
    assert equal(compose(compose(p, q), r), compose(p, compose(q, r)))
    assert equal(compose(p, invert(p)), identity(groups))
    assert equal(compose(identity(groups), p), p) and equal(compose(p, identity(groups)), p)
    assert equal(apply(groups, identity(groups), state), state) and equal(apply(groups, {}, state), state)
    assert equal(invert(compose(p, q)), compose(invert(q), invert(p)))
    assert equal(invert(invert(p)), p)


def test_a_group_that_is_missing_stays():
    module, groups = NETWORKS["mlp"]
    state = randomised(module, 0)
    first, second = groups.sizes
    p = random_permutation(groups, 0)
    part = apply(groups, {first: p[first]}, state)
    assert equal(apply(groups, {second: p[second]}, part), apply(groups, p, state))
    assert equal(compose({first: p[first]}, {second: p[second]}), p)


@st.composite
def axes(draw):
    """Blocks of an axis: some of groups, which may come twice, some that stay."""
    sizes = {"x": draw(st.integers(1, 5)), "y": draw(st.integers(1, 5))}
    blocks = []
    for _ in range(draw(st.integers(1, 4))):
        group = draw(st.sampled_from(["x", "y", None]))
        blocks.append(
            Block(None, draw(st.integers(1, 4)))
            if group is None
            else Block(group, sizes[group], draw(st.integers(1, 3)))
        )
    return sizes, tuple(blocks)


@given(axes(), seeds)
def test_blocks_of_an_axis_are_permuted_as_a_plain_loop_does(drawn, seed):
    sizes, blocks = drawn
    groups = Groups(sizes, {"w": (blocks,)}, ("w",))
    permutation = random_permutation(groups, seed)
    vector = torch.arange(sum(block.size * block.inner for block in blocks))
    expected, start = [], 0
    for block in blocks:
        for unit in range(block.size):
            old = unit if block.group is None else int(permutation[block.group][unit])
            expected += [start + old * block.inner + entry for entry in range(block.inner)]
        start += block.size * block.inner
    assert apply(groups, permutation, {"w": vector})["w"].tolist() == expected


@networks
@settings(max_examples=examples(0.2))
@given(draw=seeds)
def test_masks_are_permuted_like_weights(name, draw):
    """The mask of the permuted network is the permuted mask, of magnitudes without ties; counts of layers stay."""
    module, groups = NETWORKS[name]
    state = randomised(module, draw)
    weights = {key: state[key] for key in state if key.endswith("weight") and state[key].ndim > 1}
    p = random_permutation(groups, draw)

    def pruned(of):
        threshold = torch.cat([tensor.abs().flatten() for tensor in of.values()]).median()
        return {key: tensor.abs() > threshold for key, tensor in of.items()}

    mask = pruned(weights)
    moved = apply(groups, p, mask)
    assert equal(pruned(apply(groups, p, weights)), moved)
    assert all(tensor.dtype == torch.bool for tensor in moved.values())
    assert {key: int(tensor.sum()) for key, tensor in moved.items()} == {
        key: int(tensor.sum()) for key, tensor in mask.items()
    }
    masked = {key: weights[key] * mask[key] for key in weights}
    product = {key: apply(groups, p, weights)[key] * moved[key] for key in weights}
    assert equal(apply(groups, p, masked), product)


def test_a_mask_goes_to_the_other_network_by_the_inverse():
    """A is B with units in another order; the mask made on A, carried over to B, is the one that B itself would have."""
    module, groups = NETWORKS["resnet"]
    b = randomised(module, 0)
    to_a = random_permutation(groups, 0)
    a = apply(groups, to_a, b)
    weights = [name for name in groups.counted if name.endswith("conv.weight")]
    mask_of_a, mask_of_b = ({name: state[name].abs() > 0.1 for name in weights} for state in (a, b))
    assert equal(apply(groups, invert(to_a), mask_of_a), mask_of_b)
    assert not equal(apply(groups, to_a, mask_of_a), mask_of_b)


def test_an_optimiser_s_moments_go_with_their_weights():
    module, groups = NETWORKS["vgg"]
    state = randomised(module, 0)
    moments = {f"{what}/{name}": state[name] * 2 for what in ("exp_avg", "exp_avg_sq") for name in groups.counted}
    p = random_permutation(groups, 0)
    moved, weights = apply_to_moments(groups, p, moments | {"steps": torch.tensor(3)}), apply(groups, p, state)
    assert moved.pop("steps") == 3
    assert all(torch.equal(tensor, 2 * weights[key.partition("/")[2]]) for key, tensor in moved.items())


def test_storage_with_two_names_is_permuted_once_and_nothing_in_place():
    groups = Groups({"x": 3}, {"w": ((Block("x", 3),),), "tied": ((Block("x", 3),),), "count": ()}, ("w",))
    tensor = torch.tensor([10, 11, 12])
    moved = apply(groups, {"x": torch.tensor([1, 2, 0])}, {"w": tensor, "tied": tensor, "count": torch.tensor(4)})
    assert moved["w"].tolist() == moved["tied"].tolist() == [11, 12, 10]
    assert moved["count"] == 4 and moved["count"].dtype == torch.int64
    assert tensor.tolist() == [10, 11, 12]


def test_names_of_no_group_pass_through():
    _, groups = NETWORKS["mlp"]
    assert apply(groups, random_permutation(groups, 0), {"else": torch.arange(2)})["else"].tolist() == [0, 1]


@given(seeds)
def test_fixed_points_are_those_of_the_inverses_too(draw):
    _, groups = NETWORKS["resnet"]
    p, q = random_permutation(groups, draw, 0), random_permutation(groups, draw, 1)
    counts = fixed_points(p, q)
    assert counts == {
        group: sum(p[group][i] == q[group][i] for i in range(size)) for group, size in groups.sizes.items()
    }
    assert counts == fixed_points(invert(p), invert(q)) == fixed_points(compose(p, invert(q)), {})
    assert fixed_share(p, q) == sum(counts.values()) / sum(groups.sizes.values())
    assert fixed_points(p, p) == groups.sizes and fixed_share(p, p) == 1


def test_two_random_permutations_share_a_unit_of_each_group():
    """On average 1 with variance 1, so that the mean of 900 draws lies within 1/10 with three standard deviations."""
    groups = Groups({"x": 20}, {}, ())
    counts = [fixed_points(random_permutation(groups, k), {})["x"] for k in range(900)]
    assert abs(sum(counts) / len(counts) - 1) < 0.1


def test_the_share_of_fixed_points_weighs_units_and_not_groups():
    p = {"x": torch.tensor([0, 1]), "y": torch.tensor([1, 2, 3, 4, 5, 0])}
    assert fixed_share(p, {}) == 2 / 8


def test_draws_are_a_function_of_their_address():
    _, groups = NETWORKS["resnet"]
    assert equal(random_permutation(groups, 1, 2), random_permutation(groups, 1, 2))
    assert not equal(random_permutation(groups, 1, 2), random_permutation(groups, 1, 3))
    same = [vector.tolist() for vector in random_permutation(groups, 0).values() if len(vector) == 4]
    assert len({tuple(vector) for vector in same}) > 1, "groups of a size are drawn apart"


@pytest.mark.parametrize(
    ("permutation", "problem"),
    [
        ({"z": torch.arange(3)}, "the network has no group 'z'; its groups are x, y"),
        ({"x": torch.arange(2)}, r"group 'x' needs a permutation of 0 … 2, not a vector of shape \(2,\) of int64"),
        ({"x": torch.tensor([0, 1, 1])}, "group 'x' needs a permutation"),
        ({"x": torch.tensor([0.0, 1.0, 2.0])}, "of float32"),
        ({"x": torch.tensor([[0, 1, 2]])}, "group 'x' needs a permutation"),
    ],
)
def test_what_is_no_permutation_is_refused(permutation, problem):
    groups = Groups({"x": 3, "y": 2}, {}, ())
    with pytest.raises(ValueError, match=problem):
        algebra.checked(groups, permutation)


def test_a_tensor_of_another_shape_is_refused_by_its_name():
    module, groups = NETWORKS["mlp"]
    (name, *_) = module.state_dict()
    with pytest.raises(ValueError, match=rf"{name} has shape \(2, 2\), but 5 entries on axis 0"):
        apply(groups, {}, {name: torch.zeros(2, 2)})


def test_groups_of_a_module_s_own_blocks_fit():
    """What the other tests rest on: the hand-written groups cover every axis of every tensor."""
    for module, groups in (*NETWORKS.values(), (nn.Linear(2, 3), make_groups(nn.Linear(2, 3), {}))):
        for name, tensor in module.state_dict().items():
            assert tuple(sum(block.length for block in blocks) for blocks in groups.axes[name]) == tuple(tensor.shape)
