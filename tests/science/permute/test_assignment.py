"""The assignment of units is the best there is, and refuses what has none."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.science.permute.assignment import assign


@given(st.integers(1, 5), st.integers(0, 10_000), st.booleans())
def test_it_is_the_best_of_all_permutations(size, seed, ties):
    draw = torch.Generator().manual_seed(seed)
    similarity = torch.randn(size, size, generator=draw, dtype=torch.float64)
    similarity = similarity.round() if ties else similarity
    value = float(similarity[torch.arange(size), assign(similarity)].sum())
    every = (sum(float(similarity[i, p[i]]) for i in range(size)) for p in itertools.permutations(range(size)))
    assert value == pytest.approx(max(every), abs=1e-12)


def test_units_that_are_alike_keep_the_sum():
    assert sorted(assign(torch.zeros(4, 4)).tolist()) == [0, 1, 2, 3]
    assert assign(torch.zeros(0, 0)).tolist() == []


@pytest.mark.parametrize(
    ("similarity", "problem"),
    [
        (torch.tensor([[float("nan"), 0.0], [0.0, 0.0]]), "finite"),
        (torch.tensor([[float("inf"), 0.0], [0.0, 0.0]]), "finite"),
        (torch.zeros(2, 3), r"square matrix, not of shape \(2, 3\)"),
    ],
)
def test_what_has_no_assignment_is_refused(similarity, problem):
    with pytest.raises(ValueError, match=problem):
        assign(similarity)
