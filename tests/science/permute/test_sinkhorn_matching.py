import copy

import pytest
import torch
from digit_networks_for_tests import SHAPE, same, trained
from safetensors.torch import load, save
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from lmcspec.base import streams
from lmcspec.base.errors import LmcspecError
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.science.data.resident import Split
from lmcspec.science.models import construct, mlp
from lmcspec.science.permute.algebra import apply, identity, random_permutation
from lmcspec.science.permute.groups import Block, Groups
from lmcspec.science.permute.midpoint import Midpoint, rows
from lmcspec.science.permute.objective import squared_distance, squared_norm
from lmcspec.science.permute.sinkhorn import Sinkhorn, plan
from lmcspec.science.permute.sinkhorn_matching import (
    SinkhornMatching,
    anywhere,
    apart,
    descent,
    halfway,
    match_by_sinkhorn,
    permuted_softly,
    relaxed,
)
from lmcspec.science.permute.tracing import trace


@pytest.fixture(scope="module")
def network(few):
    module = construct(mlp.build, Mlp(widths=(10, 6)), SHAPE, 10)
    a, b = (trained(module, few[0], replicate, epochs=2) for replicate in (0, 1))
    return module, trace(module, SHAPE).groups, a, b


def test_permutation_matrices_are_permutations(network):
    _, groups, a, _ = network
    p = random_permutation(groups, 0, 0)
    matrices = {group: torch.eye(len(vector))[vector] for group, vector in p.items()}
    assert same(permuted_softly(groups, matrices, a), apply(groups, p, a))
    assert same(permuted_softly(groups, {}, a), a)


def test_blocks_of_several_entries_and_stretches_that_stay():
    axes = {"w": ((Block("g", 3, 2), Block(None, 2), Block("h", 2)), (Block("g", 3),)), "n": ((Block("g", 3),),)}
    groups = Groups({"g": 3, "h": 2}, axes, ("w",))
    tensors = {"w": torch.arange(30.0).view(10, 3), "n": torch.arange(3)}
    p = {"g": torch.tensor([2, 0, 1]), "h": torch.tensor([1, 0])}
    matrices = {group: torch.eye(len(vector))[vector] for group, vector in p.items()}
    assert same(permuted_softly(groups, matrices, {"w": tensors["w"]}), apply(groups, p, {"w": tensors["w"]}))
    assert torch.equal(permuted_softly(groups, matrices, tensors)["n"], tensors["n"]), "integers have no mean"


def test_a_soft_permutation_is_a_product_on_each_side(network):
    _, groups, _, b = network
    plans = {
        group: plan(torch.randn(n, n, generator=torch.Generator().manual_seed(n))) for group, n in groups.sizes.items()
    }
    first, second = plans["layers.0"], plans["layers.1"]
    moved = permuted_softly(groups, plans, b)
    torch.testing.assert_close(moved["layers.0.weight"], first @ b["layers.0.weight"])
    torch.testing.assert_close(moved["layers.1.weight"], second @ b["layers.1.weight"] @ first.T)
    torch.testing.assert_close(moved["layers.1.bias"], second @ b["layers.1.bias"])
    torch.testing.assert_close(moved["classifier.weight"], b["classifier.weight"] @ second.T)


def test_the_distance_is_that_of_the_objective(network):
    _, groups, a, b = network
    p = random_permutation(groups, 0, 1)
    loss = apart(groups, a)(apply(groups, p, b), 0)
    assert float(loss) == pytest.approx(squared_distance(groups, p, a, b) / squared_norm(groups, a), rel=1e-5)


@pytest.mark.parametrize("gradient", ["implicit", "unrolled"])
@pytest.mark.parametrize("which", ["apart", "halfway", "anywhere"])
def test_gradients_of_losses_are_those_of_finite_differences(network, few, which, gradient):
    module, groups, a, b = network
    a, b = ({name: tensor.double() for name, tensor in state.items()} for state in (a, b))
    module, split = copy.deepcopy(module).double(), Split(few[0].images[:40].double(), few[0].labels[:40])
    between = {"halfway": halfway, "anywhere": anywhere}
    loss = apart(groups, a) if which == "apart" else between[which](Midpoint(module, a), split, 20, 0, 0)
    how = Sinkhorn(1.0, 1e-12, 2000, gradient)

    def value(similarities):
        return loss(permuted_softly(groups, {g: plan(x, how) for g, x in similarities.items()}, b), 3)

    generator = torch.Generator().manual_seed(0)
    similarities = {
        g: torch.randn(n, n, generator=generator, dtype=torch.float64).requires_grad_() for g, n in groups.sizes.items()
    }
    value(similarities).backward()
    for group, tensor in similarities.items():
        direction = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
        with torch.no_grad():
            up, down = (value({**similarities, group: tensor + sign * 1e-5 * direction}) for sign in (1, -1))
        slope = float((tensor.grad * direction).sum())
        assert slope == pytest.approx(float(up - down) / 2e-5, rel=1e-4, abs=1e-9)
        assert slope != 0


def test_a_planted_permutation_is_recovered_by_distance(network):
    _, groups, a, _ = network
    planted = apply(groups, random_permutation(groups, 0, 2), a)
    assert float(apart(groups, a)(planted, 0)) > 0.5
    p = match_by_sinkhorn(groups, planted, apart(groups, a), SinkhornMatching(steps=60))
    assert same(apply(groups, p, planted), a)


def test_a_planted_permutation_lowers_the_midpoint_s_loss(network, few):
    module, groups, a, _ = network
    planted, midpoint = apply(groups, random_permutation(groups, 0, 3), a), Midpoint(module, a)
    p = match_by_sinkhorn(groups, planted, halfway(midpoint, few[0], 100, 0, 0), SinkhornMatching(steps=50))
    before, after = (midpoint.evaluate(b, few[0]).loss for b in (planted, apply(groups, p, planted)))
    at_a = midpoint.evaluate(a, few[0]).loss
    assert after - at_a < 0.5 * (before - at_a)


def test_without_a_difference_it_stays(network):
    _, groups, a, _ = network
    assert same(match_by_sinkhorn(groups, a, apart(groups, a), SinkhornMatching(steps=20)), identity(groups))


def test_going_on_is_bitwise_the_uninterrupted_matching(network, few):
    module, groups, a, b = network
    loss, settings = halfway(Midpoint(module, a), few[0], 64, 0, 0), SinkhornMatching(steps=12)
    whole = list(descent(groups, b, loss, settings))
    assert [state.step for state in whole] == list(range(1, 13))
    handed_over = relaxed(load(save(whole[6].tensors())))
    rest = list(descent(groups, b, loss, settings, handed_over))
    assert [state.step for state in rest] == [8, 9, 10, 11, 12]
    assert all(same(mine.tensors(), other.tensors()) for mine, other in zip(rest, whole[7:], strict=True))
    told = []
    p = match_by_sinkhorn(groups, b, loss, settings, handed_over, lambda state: told.append(state.loss))
    assert same(p, whole[-1].permutation()) and told == [state.loss for state in whole[7:]]


@pytest.mark.parametrize("factor", [torch.nan, torch.inf])
def test_what_diverges_says_so(network, factor):
    _, groups, a, b = network
    loss = apart(groups, a)
    with pytest.raises(LmcspecError, match="diverged: in step 3 of 20"):
        match_by_sinkhorn(groups, b, lambda b, step: loss(b, step) * (factor if step == 2 else 1), SinkhornMatching(20))


def test_the_place_between_is_drawn_for_each_step(network, few):
    """Uniform, a function of step and address; its loss is that of the mixed network there."""
    module, _, a, b = network
    places = [float(streams.uniforms(1, "match", 3, "alpha", step)[0]) for step in range(3)]
    assert len({*places}) == 3
    loss = anywhere(Midpoint(module, a), few[0], 100, 3)
    for step, alpha in enumerate(places):
        mixed = {name: (1 - alpha) * a[name] + alpha * b[name] for name in a}
        batch = rows(300, 100, step, 3)
        expected = cross_entropy(functional_call(module, mixed, (few[0].images[batch],)), few[0].labels[batch])
        assert float(loss(b, step)) == pytest.approx(float(expected), rel=1e-5)


def test_no_step_is_an_error(network):
    _, groups, a, b = network
    with pytest.raises(ValueError, match="at least 1 step"):
        match_by_sinkhorn(groups, b, apart(groups, a), SinkhornMatching(steps=0))
