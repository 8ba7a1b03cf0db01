"""Weight matching against a plain loop, brute force, and planted permutations."""

import itertools

import pytest
import torch
from hand_written_groups_for_tests import mlp_and_groups, outputs, randomised, resnet_and_groups, vgg_and_groups
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_matching_for_tests import gram as naive_gram
from naive_matching_for_tests import match as naive_match
from profiles import examples

from lmcspec.science.permute import gram as gram_module
from lmcspec.science.permute.algebra import apply, compose, identity, invert, random_permutation
from lmcspec.science.permute.gram import terms, updated
from lmcspec.science.permute.groups import Block, Groups
from lmcspec.science.permute.objective import objective, squared_distance
from lmcspec.science.permute.weight_matching import WeightMatching, match_weights, sweeps

NETWORKS = {"mlp": mlp_and_groups(), "vgg": vgg_and_groups(), "resnet": resnet_and_groups()}
WIDER = {
    "mlp": mlp_and_groups(20, (32, 24), 5),
    "vgg": vgg_and_groups(12),
    "resnet": resnet_and_groups(depth=14, width=12),
}
networks = pytest.mark.parametrize("name", NETWORKS)
seeds = st.integers(0, 10_000)


def same(p, q) -> bool:
    return p.keys() == q.keys() and all(torch.equal(p[group], q[group]) for group in p)


def pair_of(module, seed: int) -> tuple[dict, dict]:
    return randomised(module, 2 * seed), randomised(module, 2 * seed + 1)


@networks
@settings(max_examples=examples(0.2))
@given(seed=seeds)
def test_it_is_the_plain_loop(name, seed):
    """Permutations, sweeps and objective, though Grams are kept up here and computed from scratch there."""
    module, groups = NETWORKS[name]
    a, b = pair_of(module, seed)
    expected, sweeps_taken = naive_match(groups, a, b, pair=seed)
    matched = match_weights(groups, a, b, pair=seed)
    assert same(matched.permutation, expected)
    assert matched.sweeps == sweeps_taken and matched.converged
    assert matched.objective == pytest.approx(objective(groups, expected, a, b), rel=1e-12)


@networks
@pytest.mark.parametrize("cosine", [False, True])
@pytest.mark.parametrize("chunk", [1, 50, 2**21])
def test_grams_are_those_of_the_definition_however_they_came_about(name, cosine, chunk, monkeypatch):
    """Anew, or kept up over other permutations of the neighbours: in pieces of any size."""
    monkeypatch.setattr(gram_module, "CHUNK", chunk)
    module, groups = NETWORKS[name]
    a, b = pair_of(module, 0)
    members = terms(groups, a, b, cosine)
    kept = dict.fromkeys(groups.sizes)
    for draw in range(3):
        permutation = random_permutation(groups, draw)
        for group, size in groups.sizes.items():
            kept[group] = updated(kept[group], members[group], permutation, size)
            expected = naive_gram(groups, group, permutation, a, b, cosine)
            torch.testing.assert_close(kept[group].matrix, expected, rtol=1e-11, atol=1e-11)
            assert updated(kept[group], members[group], permutation, size) is kept[group]


@networks
@pytest.mark.parametrize("kernel", ["linear", "cosine"])
def test_planted_permutations_come_back_exactly(name, kernel):
    module, groups = WIDER[name]
    for draw in range(3):
        b = randomised(module, draw, torch.float32)
        planted = random_permutation(groups, draw)
        a = apply(groups, planted, b)
        matched = match_weights(groups, a, b, WeightMatching(kernel), pair=draw)
        assert same(matched.permutation, planted)
        assert squared_distance(groups, matched.permutation, a, b) == 0
        moved = apply(groups, matched.permutation, b)
        assert all(torch.equal(moved[key], a[key]) for key in a)


@networks
@pytest.mark.parametrize("kernel", ["linear", "cosine"])
def test_planted_permutations_come_back_under_noise(name, kernel):
    """Each weight is off by up to a tenth of itself."""
    module, groups = WIDER[name]
    b = randomised(module, 0)
    planted = random_permutation(groups, 7)
    draw = torch.Generator().manual_seed(0)
    noisy = {
        key: tensor * (0.9 + 0.2 * torch.rand(tensor.shape, generator=draw)) if tensor.is_floating_point() else tensor
        for key, tensor in b.items()
    }
    a = apply(groups, planted, noisy)
    for pair in range(3):
        assert same(match_weights(groups, a, b, WeightMatching(kernel), pair=pair).permutation, planted)


@networks
@settings(max_examples=examples(0.1))
@given(seed=seeds)
def test_the_objective_never_falls_and_the_end_is_a_fixed_point(name, seed):
    module, groups = NETWORKS[name]
    a, b = pair_of(module, seed)
    states = list(sweeps(groups, a, b, pair=seed))
    values = [objective(groups, {}, a, b), *(objective(groups, state.permutation, a, b) for state in states)]
    assert all(after >= before for before, after in itertools.pairwise(values))
    assert [state.objective for state in states] == pytest.approx(values[1:], rel=1e-9), "what is kept of gains"
    assert all(gain >= 0 for state in states for gain in state.gained.values())
    best = states[-1].best
    for again in range(3):  # whatever the order of groups
        (last,) = sweeps(groups, a, b, start=best.permutation, pair=seed + again + 1)
        assert not any(last.gained.values()) and same(last.permutation, best.permutation)
    for group, vector in best.permutation.items():
        similarity = naive_gram(groups, group, best.permutation, a, b)
        for i, j in itertools.combinations(range(len(vector)), 2):
            kept = similarity[i, vector[i]] + similarity[j, vector[j]]
            assert similarity[i, vector[j]] + similarity[j, vector[i]] <= kept + 1e-9, "no two units do better"


@settings(max_examples=examples(0.4))
@given(st.integers(1, 7), seeds)
def test_one_hidden_layer_takes_one_sweep_and_is_the_best_there_is(width, seed):
    """Of all n! permutations, whose objectives differ by the sums of products of unit i and unit p[i]."""
    module, groups = mlp_and_groups(3, (width,), 2)
    a, b = pair_of(module, seed)
    matched = match_weights(groups, a, b, pair=seed)
    (group,) = groups.sizes
    every = torch.tensor(list(itertools.permutations(range(width))))
    sums = naive_gram(groups, group, {}, a, b)[torch.arange(width), every].sum(1)
    best = objective(groups, {group: every[sums.argmax()]}, a, b)
    assert best == pytest.approx(objective(groups, {}, a, b) + float(sums.max() - sums[0]), rel=1e-9, abs=1e-9)
    assert matched.objective == pytest.approx(best, rel=1e-12)
    assert matched.sweeps <= 2, "the second finds nothing to gain"


@settings(max_examples=examples(0.2))
@given(seeds)
def test_two_hidden_layers_end_in_an_optimum_of_each(seed):
    module, groups = mlp_and_groups(3, (4, 3), 2)
    a, b = pair_of(module, seed)
    matched = match_weights(groups, a, b, pair=seed)
    assert matched.objective >= objective(groups, {}, a, b)
    for group, size in groups.sizes.items():
        for vector in itertools.permutations(range(size)):
            other = {**matched.permutation, group: torch.tensor(vector)}
            assert objective(groups, other, a, b) <= matched.objective + 1e-9


@networks
def test_a_permuted_network_is_matched_as_the_network_itself(name):
    """match(A, qB) from q^-1 p is q^-1 of match(A, B) from p, and match(qA, B) from p q is match(A, B) from p, then q."""
    module, groups = NETWORKS[name]
    a, b = pair_of(module, 3)
    q, start = random_permutation(groups, 1), random_permutation(groups, 2)
    plain = match_weights(groups, a, b, start=start)
    moved = match_weights(groups, apply(groups, q, a), b, start=compose(start, q))
    assert same(moved.permutation, compose(plain.permutation, q))
    assert moved.objective == pytest.approx(plain.objective, rel=1e-12)
    other = match_weights(groups, a, apply(groups, q, b), start=compose(invert(q), start))
    assert same(compose(q, other.permutation), plain.permutation)


def test_b_is_what_is_permuted():
    module, groups = WIDER["mlp"]
    b = randomised(module, 0)
    a = apply(groups, random_permutation(groups, 0), b)
    images = torch.randn(4, 1, 1, 20, dtype=torch.float64)
    matched = match_weights(groups, a, b)
    torch.testing.assert_close(apply(groups, matched.permutation, b), a, rtol=0, atol=0)
    assert squared_distance(groups, matched.permutation, b, a) > 1, "applied to A it is wrong"
    torch.testing.assert_close(
        outputs(module, apply(groups, matched.permutation, b), images), outputs(module, b, images)
    )
    assert same(match_weights(groups, b, a).permutation, invert(matched.permutation))


def test_the_same_draws_give_the_same_whatever_the_order_of_names():
    module, groups = NETWORKS["resnet"]
    a, b = pair_of(module, 0)
    first = match_weights(groups, a, b, pair=5)
    turned = [dict(reversed(state.items())) for state in (a, b)]
    assert same(match_weights(groups, *turned, pair=5).permutation, first.permutation)
    ends = {round(match_weights(groups, a, b, pair=pair).objective, 9) for pair in range(8)}
    assert len(ends) > 1, "other pairs take the groups in other orders"


def test_of_several_restarts_the_best_is_kept():
    module, groups = NETWORKS["resnet"]
    a, b = pair_of(module, 0)
    states = list(sweeps(groups, a, b, WeightMatching(restarts=6)))
    ends = [state.objective for state in states if state.over]
    assert len(ends) == 6 and len({round(end, 9) for end in ends}) > 1
    best = states[-1].best
    assert best.objective == max(ends) == pytest.approx(objective(groups, best.permutation, a, b), rel=1e-12)
    assert best.restart == ends.index(max(ends)) and best.converged
    assert match_weights(groups, a, b).objective == pytest.approx(ends[0]), "a restart is what a single run would be"


def test_sweeps_end_at_the_most_allowed():
    module, groups = NETWORKS["resnet"]
    a, b = pair_of(module, 0)
    matched = match_weights(groups, a, b, WeightMatching(sweeps=1))
    assert matched.sweeps == 1 and not matched.converged
    assert matched.objective == pytest.approx(objective(groups, matched.permutation, a, b))


def test_matching_unrelated_networks_brings_them_nearer_by_chance():
    """Which is why a smaller distance says nothing of connectivity without this control."""
    module, groups = WIDER["mlp"]
    a, b = pair_of(module, 0)
    matched = match_weights(groups, a, b)
    random = [squared_distance(groups, random_permutation(groups, draw), a, b) for draw in range(50)]
    assert squared_distance(groups, matched.permutation, a, b) < 0.9 * min(random)


def test_dead_and_twin_units_keep_objective_and_function():
    """Assignments are not unique then; what they are worth is."""
    module, groups = WIDER["mlp"]
    b = randomised(module, 0)
    for name, tensor in b.items():
        if name in ("layers.0.weight", "layers.0.bias"):
            tensor[:5] = 0
            tensor[6] = tensor[7]
        if name == "layers.1.weight":
            tensor[:, :5] = 0
            tensor[:, 6] = tensor[:, 7]
    a = apply(groups, random_permutation(groups, 0), b)
    for kernel in ("linear", "cosine"):
        matched = match_weights(groups, a, b, WeightMatching(kernel))
        assert squared_distance(groups, matched.permutation, a, b) == 0
        assert matched.converged


def test_cosines_weigh_units_alike_and_a_zero_unit_is_like_no_other():
    """Of a bias, one number a unit, only the sign is left."""
    groups = Groups({"x": 3}, {"w": ((Block("x", 3),), (Block(None, 2),)), "b": ((Block("x", 3),),)}, ("w", "b"))
    a = {"w": torch.tensor([[3.0, 4.0], [0.0, 0.0], [0.0, 2.0]]), "b": torch.tensor([5.0, -0.1, 0.0])}
    b = {"w": torch.tensor([[0.0, 7.0], [30.0, 40.0], [1.0, 0.0]]), "b": torch.tensor([-3.0, 0.2, 9.0])}
    matrix = updated(None, terms(groups, a, b, cosine=True)["x"], identity(groups), 3).matrix
    of_weights = torch.tensor([[0.8, 1.0, 0.6], [0.0, 0.0, 0.0], [1.0, 0.8, 0.0]])
    of_biases = torch.tensor([[-1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(matrix, (of_weights + of_biases).double())


@settings(max_examples=examples(0.2))
@given(seeds)
def test_cosines_do_not_see_units_of_a_hidden_layer_rescaled_and_products_do(seed):
    """c in front of a rectified unit and 1 / c behind it: the same function. Of deeper networks cosines see it as well,
    by what neighbours have beside each other."""
    module, groups = mlp_and_groups(6, (5,), 3)
    a, b = pair_of(module, seed)
    draw = torch.Generator().manual_seed(seed)
    factors = 0.2 + 5 * torch.rand(5, generator=draw, dtype=torch.float64)
    rescaled = {
        "layers.0.weight": b["layers.0.weight"] * factors[:, None],
        "layers.0.bias": b["layers.0.bias"] * factors,
        "classifier.weight": b["classifier.weight"] / factors,
        "classifier.bias": b["classifier.bias"],
    }
    assert rescaled.keys() == b.keys()
    images = torch.randn(4, 1, 1, 6, generator=draw, dtype=torch.float64)
    torch.testing.assert_close(outputs(module, rescaled, images), outputs(module, b, images))
    (group,) = groups.sizes
    for cosine in (True, False):
        before, after = (naive_gram(groups, group, {}, a, state, cosine) for state in (b, rescaled))
        assert torch.allclose(before, after, rtol=1e-9, atol=1e-12) is cosine
    ways = [match_weights(groups, a, state, WeightMatching("cosine")).permutation for state in (b, rescaled)]
    assert same(*ways)


def test_vectors_count_unit_by_unit():
    """As outer products, and not as their one inner product, which no permutation would change."""
    groups = Groups({"x": 3}, {"b": ((Block("x", 3),),)}, ("b",))
    a, b = {"b": torch.tensor([3.0, 1.0, 2.0])}, {"b": torch.tensor([10.0, 20.0, 30.0])}
    assert match_weights(groups, a, b).permutation["x"].tolist() == [2, 0, 1]


@settings(max_examples=examples(0.2))
@given(seeds, st.booleans())
def test_a_group_on_two_axes_of_a_weight(seed, diagonal):
    """A square recurrent weight makes the objective quadratic in its group: it moves only where F really grows."""
    groups = Groups(
        {"x": 4}, {"in": ((Block("x", 4),), (Block(None, 2),)), "w": ((Block("x", 4),), (Block("x", 4),))}, ("in", "w")
    )
    draw = torch.Generator().manual_seed(seed)
    a, b = ({"in": torch.randn(4, 2, generator=draw), "w": torch.randn(4, 4, generator=draw)} for _ in range(2))
    if diagonal:
        a["w"], b["w"] = (torch.diag(torch.diag(state["w"])) for state in (a, b))
    states = list(sweeps(groups, a, b, WeightMatching(restarts=2)))
    values = [objective(groups, {}, a, b), *(objective(groups, state.permutation, a, b) for state in states)]
    assert all(after >= before - 1e-9 for before, after in itertools.pairwise(values[: 1 + states[-1].best.sweeps]))
    assert states[-1].best.objective == pytest.approx(max(values), rel=1e-9)
    assert all(
        state.objective == pytest.approx(objective(groups, state.permutation, a, b), rel=1e-9) for state in states
    )


@settings(max_examples=examples(0.2))
@given(seeds)
def test_axes_of_several_groups(seed):
    """Channels of two groups side by side, one of them twice and with entries that stay in between, in three axes."""
    x, y = Block("x", 3), Block("y", 4)
    groups = Groups(
        {"x": 3, "y": 4, "z": 2},
        {
            "cat": ((Block("z", 2),), (x, Block(None, 2), y, x)),
            "cube": ((Block("z", 2),), (Block("y", 4, 2),), (x,)),
            "x": ((x,),),
        },
        ("cat", "cube", "x"),
    )
    draw = torch.Generator().manual_seed(seed)
    a, b = (
        {
            name: torch.randn(shape, generator=draw)
            for name, shape in {"cat": (2, 12), "cube": (2, 8, 3), "x": (3,)}.items()
        }
        for _ in range(2)
    )
    expected, _ = naive_match(groups, a, b, pair=seed)
    assert same(match_weights(groups, a, b, pair=seed).permutation, expected)
    planted = random_permutation(groups, seed)
    members = terms(groups, a, b)
    for group, size in groups.sizes.items():
        kept = updated(updated(None, members[group], identity(groups), size), members[group], planted, size)
        torch.testing.assert_close(kept.matrix, naive_gram(groups, group, planted, a, b), rtol=1e-6, atol=1e-6)


def test_networks_without_groups_are_matched_at_once():
    groups = Groups({}, {"w": ((Block(None, 2),),)}, ("w",))
    matched = match_weights(groups, {"w": torch.ones(2)}, {"w": torch.ones(2)})
    assert matched.permutation == {} and matched.objective == 2 and matched.converged


def test_arguments_stay_as_they_are():
    module, groups = NETWORKS["vgg"]
    a, b = pair_of(module, 0)
    start = random_permutation(groups, 0)
    copies = [{name: tensor.clone() for name, tensor in given.items()} for given in (a, b, start)]
    match_weights(groups, a, b, start=start)
    assert all(same(given, copy) for given, copy in zip((a, b, start), copies, strict=True))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        *(
            (
                {"layers.0.bias": torch.tensor([0.0, 0, odd, 0, 0])},
                "layers.0.bias holds numbers that are not finite",
            )
            for odd in (torch.nan, torch.inf, -torch.inf)
        ),
        ({"layers.0.bias": torch.zeros(6)}, r"layers.0.bias has the shapes \(5,\) and \(6,\): to match networks of"),
    ],
)
def test_networks_that_can_not_be_matched(change, problem):
    module, groups = NETWORKS["mlp"]
    a, b = pair_of(module, 0)
    with pytest.raises(ValueError, match=problem):
        match_weights(groups, a, b | change)


def test_a_missing_tensor_is_named():
    module, groups = NETWORKS["mlp"]
    a, b = pair_of(module, 0)
    del b["layers.0.bias"]
    with pytest.raises(ValueError, match=r"there is no layers.0.bias in a network to match"):
        match_weights(groups, a, b)


def test_indirect_alignment_by_way_of_b_itself_is_the_direct_one():
    """B to C and then from C back to A, where C is B; and A to B and back is where A was."""
    module, groups = NETWORKS["resnet"]
    a, b = pair_of(module, 1)
    direct = match_weights(groups, a, b).permutation
    to_c = match_weights(groups, b, b).permutation
    assert same(to_c, identity(groups))
    from_c = invert(match_weights(groups, b, a, start=invert(direct)).permutation)
    assert same(compose(to_c, from_c), direct)
    assert same(compose(direct, invert(direct)), identity(groups))


@pytest.mark.gpu
def test_a_gpu_finds_the_same(cuda):
    module, groups = WIDER["resnet"]
    a, b = pair_of(module, 0)
    for kernel in ("linear", "cosine"):
        here, there = (match_weights(groups, a, b, WeightMatching(kernel, device=device)) for device in ("cpu", cuda))
        assert same(here.permutation, there.permutation)
        assert there.objective == pytest.approx(here.objective, rel=1e-12)
