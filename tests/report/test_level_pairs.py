"""Levels of equal sparsity: against all pairs, looked at one by one."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.report.level_pairs import NEAR, pair_levels, without

densities = st.lists(st.floats(0.001, 0.999), max_size=8, unique=True).map(
    lambda values: dict(enumerate([1.0, *sorted(values, reverse=True)]))
)


def powers(fraction: float, rounds: int) -> dict[int, float]:
    return {level: (1 - fraction) ** level for level in range(rounds + 1)}


def test_networks_that_are_pruned_alike_go_level_by_level():
    assert pair_levels(powers(0.2, 25), powers(0.2, 25)) == [(level, level) for level in range(26)]
    assert pair_levels(powers(0.2, 3), powers(0.2, 25)) == [(level, level) for level in range(4)]


def test_another_fraction_is_compared_at_equal_sparsity():
    """Two rounds of 20 % are one of 36 %."""
    assert pair_levels(powers(0.36, 3), powers(0.2, 6)) == [(0, 0), (1, 2), (2, 4), (3, 6)]


def test_a_level_that_is_near_enough_is_compared_and_one_that_is_not_is_left():
    imp = powers(0.2, 10)
    assert pair_levels(imp, {0: 1.0, 1: 0.17}) == [(0, 0), (8, 1)], "83 % in one go, and 83.2 % after eight rounds"
    assert pair_levels(imp, {0: 1.0, 1: imp[8] / (0.999 * NEAR)}) == [(0, 0), (8, 1)]
    assert pair_levels({0: 1.0, 1: 0.5}, {0: 1.0, 1: 0.3}) == [(0, 0)]


@pytest.mark.parametrize("other", [0.95, 0.999])
def test_what_is_dense_goes_with_what_is_dense_alone(other):
    assert pair_levels({0: 1.0}, {1: other}) == []
    assert pair_levels({0: 1.0}, {0: 1.0, 1: other}) == [(0, 0)]


def test_nothing_left_goes_with_nothing_left():
    assert pair_levels({0: 1.0, 1: 0.0}, {0: 1.0, 1: 1e-9, 2: 0.0}) == [(0, 0), (1, 2)]


def test_equal_densities_go_by_number():
    assert pair_levels({1: 0.5, 2: 0.5}, {1: 0.5, 2: 0.5}) == [(1, 1), (2, 2)]


@given(densities, densities)
def test_pairs_are_each_other_s_nearest(a, b):
    pairs = pair_levels(a, b)
    assert len({level for level, _ in pairs}) == len({level for _, level in pairs}) == len(pairs)

    def apart(x, y):
        return math.inf if (x == 1) != (y == 1) else abs(math.log(x / y))

    for level, other in pairs:
        distance = apart(a[level], b[other])
        assert distance <= math.log(NEAR)
        assert all(apart(a[level], density) >= distance - 1e-9 for density in b.values())
        assert all(apart(density, b[other]) >= distance - 1e-9 for density in a.values())


@given(densities, densities)
def test_which_is_first_makes_no_difference(a, b):
    assert sorted((level, other) for other, level in pair_levels(b, a)) == sorted(pair_levels(a, b))


def test_what_is_left_over():
    assert without({0: 1.0, 3: 0.5, 1: 0.8}, [0]) == [1, 3]
