import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from lmcspec.science.permute.sinkhorn import Sinkhorn, entropy, harden, plan


def similarities(units, seed, scale=1.0):
    return torch.tensor(np.random.default_rng(seed).normal(0, scale, (units, units)))


@settings(max_examples=examples(0.5))
@given(st.integers(1, 12), st.integers(0, 1000), st.sampled_from([1.0, 10.0]))
def test_rows_and_columns_sum_to_one(units, seed, temperature):
    doubly = plan(similarities(units, seed), Sinkhorn(temperature, tolerance=1e-6, iterations=3000))
    assert (doubly >= 0).all()
    torch.testing.assert_close(doubly.sum(0), torch.ones(units, dtype=torch.float64), rtol=0, atol=1e-12)
    assert (doubly.sum(1) - 1).abs().max() <= 1e-6


def test_it_is_the_similarities_scaled_by_rows_and_columns():
    similarity = similarities(6, 0)
    scaled = plan(similarity, Sinkhorn(0.5, 1e-10, 10_000)).log() - similarity / 0.5
    centred = scaled - scaled.mean(1, keepdim=True) - scaled.mean(0, keepdim=True) + scaled.mean()
    assert centred.abs().max() < 1e-10


def test_two_units_have_a_closed_form():
    """[[p, 1-p], [1-p, p]] with p / (1-p) = exp((trace - the others) / 2 temperature)."""
    similarity = torch.tensor([[0.3, -0.2], [0.9, 1.1]], dtype=torch.float64)
    odds = math.exp((0.3 + 1.1 + 0.2 - 0.9) / (2 * 0.7))
    doubly = plan(similarity, Sinkhorn(0.7, 1e-12, 10_000))
    assert float(doubly[0, 0]) == pytest.approx(odds / (1 + odds), abs=1e-10)


def best_by_trial(similarity):
    units = len(similarity)
    return max(
        itertools.permutations(range(units)), key=lambda p: sum(float(similarity[i, p[i]]) for i in range(units))
    )


@settings(max_examples=examples(0.5))
@given(st.integers(1, 5), st.integers(0, 1000), st.sampled_from([0.1, 0.3]))
def test_a_low_temperature_approaches_the_best_assignment(units, seed, temperature):
    """<P, S> + T H(P) is largest at P, and H lies in 0 … n log n: so <P, S> is within T n log n of the best sum."""
    similarity = similarities(units, seed)
    best = best_by_trial(similarity)
    assert harden(similarity).tolist() == list(best)
    value = float((plan(similarity, Sinkhorn(temperature, 1e-5, 1000)) * similarity).sum())
    gap = sum(float(similarity[i, best[i]]) for i in range(units)) - value
    assert -1e-3 <= gap <= temperature * units * math.log(units) + 1e-3


def test_rows_may_want_the_same_column():
    similarity = torch.tensor([[0.0, 5.0, 4.0], [0.0, 5.0, 1.0], [0.5, 5.0, 0.0]], dtype=torch.float64)
    assert similarity.argmax(1).tolist() == [1, 1, 1]
    assert sorted(harden(plan(similarity)).tolist()) == [0, 1, 2]
    assert harden(similarity).tolist() == list(best_by_trial(similarity))


def test_nothing_overflows():
    similarity = similarities(8, 0, scale=1e6).requires_grad_()
    doubly = plan(similarity, Sinkhorn(1e-2, iterations=1000))
    doubly.square().sum().backward()
    assert torch.isfinite(doubly).all() and torch.isfinite(similarity.grad).all()


@pytest.mark.parametrize("gradient", ["implicit", "unrolled"])
@pytest.mark.parametrize("temperature", [0.3, 2.0])
def test_gradients_are_those_of_finite_differences(gradient, temperature):
    how = Sinkhorn(temperature, 1e-13, 20_000, gradient)
    weights = similarities(5, 7)
    similarity = similarities(5, 1).requires_grad_()
    (plan(similarity, how) * weights).sum().backward()
    step = 1e-5
    for i, j in itertools.product(range(5), range(5)):
        moved = torch.zeros(5, 5, dtype=torch.float64)
        moved[i, j] = step
        with torch.no_grad():
            up, down = ((plan(similarity + sign * moved, how) * weights).sum() for sign in (1, -1))
        assert float(similarity.grad[i, j]) == pytest.approx(float(up - down) / (2 * step), abs=1e-7)


def test_the_gradient_of_two_units_has_a_closed_form_even_where_the_plan_is_nearly_a_permutation():
    """Of p in [[p, 1-p], [1-p, p]] by the trace less the others it is p (1-p) / 2 temperature."""
    similarity = torch.tensor([[20.0, 0.3], [0.3, 20.0]], dtype=torch.float64).requires_grad_()
    weights = torch.tensor([[1.0, -2.0], [0.5, 3.0]], dtype=torch.float64)
    (plan(similarity, Sinkhorn(0.9)) * weights).sum().backward()
    beside = 1 / (1 + math.exp((20 - 0.3) / 0.9))
    expected = (1 + 3 + 2 - 0.5) * beside * (1 - beside) / (2 * 0.9)
    signs = torch.tensor([[1, -1], [-1, 1]], dtype=torch.float64)
    torch.testing.assert_close(similarity.grad, expected * signs, rtol=1e-6, atol=0)


def test_entropy_is_none_of_a_permutation_and_one_of_no_knowledge():
    assert entropy(torch.eye(7)) == 0
    assert entropy(torch.full((7, 7), 1 / 7)) == pytest.approx(1)
    assert entropy(torch.ones(1, 1)) == 0
    rising = [entropy(plan(similarities(7, 0), Sinkhorn(t, iterations=1000))) for t in (0.05, 0.5, 5.0)]
    assert rising == sorted(rising)


def test_a_temperature_of_zero_is_an_error():
    with pytest.raises(ValueError, match="the temperature must be above 0"):
        Sinkhorn(0.0)
