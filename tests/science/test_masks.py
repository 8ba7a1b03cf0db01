import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lmcspec.base import streams
from lmcspec.science import masks
from lmcspec.science.criteria import magnitude, random
from lmcspec.science.shares import count_to_prune, share

values = st.sampled_from([0.0, -0.0, 0.5, 1.0, 1.0, 2.0, math.inf])
tensors = st.lists(st.lists(values, min_size=1, max_size=12), min_size=1, max_size=4).map(
    lambda lists: {f"t{place}.weight": torch.tensor(numbers) for place, numbers in enumerate(lists)}
)
fractions = st.floats(0, 1)


def full(scores):
    return {name: torch.ones(tensor.shape, dtype=torch.bool) for name, tensor in scores.items()}


def brute_force(scores, mask, count, exclude=()):
    """Sort everything by (score, tensor, flat index); drop the first `count`."""
    ranked = sorted(
        (float(scores[name].view(-1)[i]), place, i)
        for place, name in enumerate(mask)
        for i in mask[name].view(-1).nonzero().view(-1).tolist()
        if name not in exclude
    )
    new = {name: tensor.clone() for name, tensor in mask.items()}
    for _, place, i in ranked[:count]:
        new[list(mask)[place]].view(-1)[i] = False
    return new


def same(one, two):
    return list(one) == list(two) and all(torch.equal(one[name], two[name]) for name in one)


@given(tensors, st.lists(fractions, min_size=1, max_size=3))
def test_pruning_is_the_brute_force_sort_exact_and_nested(scores, rounds):
    mask = full(scores)
    for fraction in rounds:
        count = count_to_prune(fraction, masks.survivors(mask))
        new = masks.prune(scores, mask, count)
        assert same(new, brute_force(scores, mask, count))
        assert masks.survivors(new) == masks.survivors(mask) - count
        assert all((new[name] <= mask[name]).all() for name in mask)
        mask = new


@given(tensors, fractions)
def test_excluded_tensors_keep_all_and_do_not_raise_the_share_of_the_others(scores, fraction):
    mask, exclude = full(scores), list(scores)[:1]
    count = count_to_prune(fraction, masks.survivors(mask, exclude))
    new = masks.prune(scores, mask, count, exclude)
    assert new[exclude[0]].all()
    assert masks.survivors(mask, exclude) - masks.survivors(new, exclude) == count
    assert same(new, brute_force(scores, mask, count, exclude))


@given(tensors, fractions)
def test_layer_scope_takes_the_same_share_of_each_tensor(scores, fraction):
    mask = full(scores)
    total = masks.survivors(mask)
    count = count_to_prune(fraction, total)
    new = masks.prune(scores, mask, count, scope="layer")
    assert masks.survivors(new) == total - count
    for name, tensor in mask.items():
        gone = tensor.numel() - int(new[name].sum())
        assert abs(gone - count * tensor.numel() / total) < 1
        assert same({name: new[name]}, brute_force({name: scores[name]}, {name: tensor}, gone))


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.data())
def test_shares_are_whole_complete_and_never_too_large(sizes, data):
    count = data.draw(st.integers(0, sum(sizes)))
    parts = share(count, sizes)
    assert sum(parts) == count
    assert all(0 <= part <= size for part, size in zip(parts, sizes, strict=True))


@given(st.integers(1, 30), st.integers(0, 30))
def test_equal_weights_go_in_tensor_order_then_by_flat_index(size, count):
    count = min(count, 2 * size)
    scores = {"b": torch.full((size,), 0.25), "a": torch.full((size,), 0.25)}
    new = masks.prune(scores, full(scores), count)
    flat = torch.cat([new["b"], new["a"]])
    assert not flat[:count].any() and flat[count:].all()


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_rounds_over_equal_weights_take_no_more_than_rounds_over_others(scope):
    """A threshold on |w| would empty the network at once, or end with an error at the last weight."""
    scores = {name: torch.full((size,), 0.5) for name, size in (("a", 60), ("b", 30), ("c", 10))}
    mask, left = full(scores), 100
    for _ in range(30):
        left -= count_to_prune(0.2, left)
        mask = masks.prune(scores, mask, count_to_prune(0.2, masks.survivors(mask)), scope=scope)
        assert masks.survivors(mask) == left
    assert left == 2  # 20 % of two weights are none


def test_zeros_of_either_sign_are_equal():
    scores = {"w": torch.tensor([0.0, -0.0, 0.0, 1.0])}
    assert masks.prune(scores, full(scores), 2)["w"].tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("fraction", "alive", "count"), [(0.2, 266_200, 53_240), (0.2, 10, 2), (0.2, 1, 0), (0.5, 1, 1)]
)
def test_counts_are_exact(fraction, alive, count):
    assert count_to_prune(fraction, alive) == count
    scores = {"w": torch.arange(alive, 0, -1).float()}
    assert masks.survivors(masks.prune(scores, full(scores), count)) == alive - count


def test_one_survivor_can_stay_or_go():
    scores = {"w": torch.tensor([3.0, 1.0])}
    mask = {"w": torch.tensor([True, False])}
    assert masks.prune(scores, mask, 0)["w"].tolist() == [True, False]
    assert masks.survivors(masks.prune(scores, mask, 1)) == 0
    with pytest.raises(ValueError, match="2 weights can't be pruned of 1"):
        masks.prune(scores, mask, 2)


def test_what_is_pruned_stays_pruned_even_with_the_largest_score():
    scores = {"w": torch.tensor([9.0, 1.0, 2.0])}
    new = masks.prune(scores, {"w": torch.tensor([False, True, True])}, 1)
    assert new["w"].tolist() == [False, False, True]


def test_nan_is_an_error_where_it_would_be_ranked_and_only_there():
    scores = {"w": torch.tensor([math.nan, 1.0, 2.0]), "x": torch.tensor([math.nan])}
    mask = full(scores)
    for scope in ("global", "layer"):
        with pytest.raises(ValueError, match="1 scores of 'w' are NaN"):
            masks.prune(scores, mask, 1, scope=scope)
    mask["w"][0] = False
    assert masks.prune(scores, mask, 1, exclude=["x"])["w"].tolist() == [False, False, True]


def test_a_tensor_can_be_pruned_empty_and_pruning_goes_on():
    scores = {"small": torch.tensor([0.1, 0.2]), "large": torch.tensor([1.0, 2.0, 3.0])}
    for scope, left in (("global", 3), ("layer", 3)):
        mask = masks.prune(scores, full(scores), 2, scope=scope)
        assert masks.survivors(mask) == left
        mask = masks.prune(scores, {"small": torch.zeros(2, dtype=torch.bool), "large": mask["large"]}, 1, scope=scope)
        assert not mask["small"].any()


@given(st.permutations(range(10)))
def test_names_order_ties_not_the_way_a_file_lists_them(places):
    names = [f"t{place}" for place in range(10)]
    scores = {name: torch.zeros(2) for name in names}
    read = {names[place]: torch.ones(2, dtype=torch.bool) for place in places}
    assert same(masks.prune(scores, masks.ordered(read, names), 7), masks.prune(scores, full(scores), 7))


def test_a_mask_of_other_tensors_is_an_error():
    with pytest.raises(ValueError, match="'b'"):
        masks.ordered({"a": torch.ones(1)}, ["a", "b"])
    with pytest.raises(ValueError, match="'c' can't be excluded"):
        masks.prune({"a": torch.ones(1)}, {"a": torch.ones(1, dtype=torch.bool)}, 0, exclude=["c"])


random_masks = st.lists(st.lists(st.booleans(), min_size=1, max_size=20), min_size=1, max_size=4).map(
    lambda lists: {f"t{place}": torch.tensor(flags).view(1, -1) for place, flags in enumerate(lists)}
)


@given(random_masks, st.integers(0, 5))
def test_shuffling_keeps_what_each_mode_keeps(mask, level):
    for mode in ("shuffled", "shuffled-global", "even"):
        new = masks.shuffle(mask, mode, (0, level, 0))
        assert masks.survivors(new) == masks.survivors(mask)
        assert [(n, t.shape) for n, t in new.items()] == [(n, t.shape) for n, t in mask.items()]
        if mode == "shuffled":
            assert all(new[name].sum() == mask[name].sum() for name in mask)
        if mode == "even":
            assert all(abs(int(t.sum()) - masks.density(mask) * t.numel()) < 1 for t in new.values())
        assert same(new, masks.shuffle(mask, mode, (0, level, 0)))


def test_even_densities_of_small_tensors_are_rounded_and_never_over_one():
    """3 weights have no share of 0.9 or of 0.01: they keep all or none, and the others what is left of the total."""
    sizes = {"tiny": 3, "one": 1, "large": 996}
    for alive, expected in ((900, (3, 1, 896)), (10, (0, 0, 10)), (999, (3, 1, 995)), (500, (2, 0, 498))):
        scores = {name: torch.arange(size).float() for name, size in sizes.items()}
        mask = masks.prune(scores, full(scores), 1000 - alive)
        new = masks.shuffle(mask, "even", (0, 1, 0))
        assert tuple(int(tensor.sum()) for tensor in new.values()) == expected


def test_shuffles_differ_by_address_and_by_tensor_and_leave_the_excluded_alone():
    mask = {name: torch.arange(200) < 60 for name in ("a", "b", "c")}
    for mode in ("shuffled", "shuffled-global", "even"):
        one = masks.shuffle(mask, mode, (0, 1, 0), exclude=["c"])
        assert torch.equal(one["c"], mask["c"])
        assert masks.survivors(one, ["c"]) == 120
        assert not torch.equal(one["a"], one["b"])
        for other in ((1, 1, 0), (0, 2, 0), (0, 1, 1)):
            assert not torch.equal(one["a"], masks.shuffle(mask, mode, other, exclude=["c"])["a"])


def test_a_shuffle_is_the_named_permutation():
    mask = {"w": torch.arange(50) < 10}
    places = streams.permutation(50, "shuffle", 4, 2, 1, "w")
    assert torch.equal(masks.shuffle(mask, "shuffled", (4, 2, 1))["w"], mask["w"][torch.from_numpy(places)])


def test_an_unknown_mode_is_an_error():
    with pytest.raises(ValueError, match="no way to shuffle"):
        masks.shuffle({"w": torch.ones(2, dtype=torch.bool)}, "reversed", (0, 0, 0))


def test_prunable_is_weights_of_convolutions_and_linear_layers_once_each():
    tied = nn.Linear(4, 4)
    module = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.LayerNorm(4), tied, nn.Sequential(tied, nn.Linear(4, 2))
    )
    assert masks.prunable(module) == ("0.weight", "3.weight", "4.1.weight")
    mask = masks.dense(module)
    assert masks.density(mask) == 1 and masks.survivors(mask) == 18 + 16 + 8


def test_density_counts_excluded_weights_unless_told():
    mask = {"a": torch.tensor([True, False]), "b": torch.tensor([True, True])}
    assert masks.density(mask) == 0.75
    assert masks.density(mask, ["b"]) == 0.5


def test_applied_means_exactly_zero_without_a_sign():
    state = {"w": torch.tensor([-1.0, 2.0, math.nan]), "b": torch.ones(1)}
    mask = {"w": torch.tensor([False, True, False])}
    with pytest.raises(AssertionError, match="2 masked weights of 'w'"):
        masks.assert_masked(state, mask)
    applied = masks.apply(mask, state)
    masks.assert_masked(applied, mask)
    assert applied["w"].tolist() == [0.0, 2.0, 0.0] and not applied["w"].signbit().any()
    assert applied["b"] is state["b"] and state["w"][0] == -1


def test_magnitude_ranks_the_state_that_it_is_given():
    mask = {"w": torch.tensor([True, True])}
    assert magnitude.scores({"w": torch.tensor([-2.0, 1.0]), "b": torch.ones(1)}, mask)["w"].tolist() == [2.0, 1.0]


def test_random_scores_are_uniform_nested_and_blind_to_the_weights():
    mask = {name: torch.ones(10, 100, dtype=torch.bool) for name in ("a", "b")}
    one = random.scores({}, mask, (0, 1, 0))
    assert not torch.equal(one["a"], one["b"])
    assert torch.equal(one["a"].view(-1), torch.from_numpy(streams.uniforms(1000, "prune", 0, 1, 0, "a")))
    pruned = masks.prune(one, mask, 500)
    again = masks.prune(random.scores({}, pruned, (0, 2, 0)), pruned, 500)
    assert masks.survivors(again) == 1000 and all((again[name] <= pruned[name]).all() for name in mask)
    assert abs(int(pruned["a"].sum()) - 750) < 60


@pytest.mark.gpu
@pytest.mark.parametrize("scope", ["global", "layer"])
def test_weights_on_a_gpu_are_pruned_as_elsewhere(cuda, scope):
    scores = {
        name: torch.from_numpy(streams.uniforms(60, "prune", 0, 0, 0, name)).float().view(6, 10) for name in "abc"
    }
    expected = masks.prune(scores, full(scores), 50, scope=scope)
    there = {name: tensor.to(cuda) for name, tensor in scores.items()}
    for mask in (full(scores), {name: tensor.to(cuda) for name, tensor in full(scores).items()}):
        found = masks.prune(there, mask, 50, scope=scope)
        assert {tensor.device for tensor in found.values()} == {tensor.device for tensor in mask.values()}
        assert same({name: tensor.cpu() for name, tensor in found.items()}, expected)
    masked = masks.apply(expected, there)
    masks.assert_masked(masked, expected)
    assert all(torch.equal(masked[name].cpu(), scores[name] * expected[name]) for name in scores)


@pytest.mark.gpu
@pytest.mark.parametrize("mode", ["shuffled", "shuffled-global", "even"])
def test_masks_on_a_gpu_are_shuffled_to_the_same_bits(cuda, mode):
    mask = {name: torch.arange(60).view(6, 10) % 3 == 0 for name in "ab"}
    found = masks.shuffle({name: tensor.to(cuda) for name, tensor in mask.items()}, mode, (1, 2, 3))
    assert same({name: tensor.cpu() for name, tensor in found.items()}, masks.shuffle(mask, mode, (1, 2, 3)))
