"""Means and spreads: as the statistics module has them where that can count, and words for the rest."""

import math
import statistics
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base import spread

usual = st.lists(st.floats(-1e290, 1e290), min_size=2, max_size=8)
anything = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=6)


LARGEST = sys.float_info.max


@given(usual)
def test_of_usual_numbers_as_statistics_has_them(values):
    assert spread.mean(values) == statistics.fmean(values)
    assert spread.std(values) == statistics.stdev(values)


@given(anything)
def test_nothing_raises_and_no_finite_number_comes_of_what_is_none(values):
    mean, std = spread.mean(values), spread.std(values)
    whole = all(map(math.isfinite, values))
    assert math.isfinite(mean) == whole
    assert spread.finite(values) == tuple(value for value in values if abs(value) < math.inf)
    assert (std is None) == (len(values) < 2)
    if std is not None and not whole:
        assert math.isnan(std)


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ([1.0, math.inf], math.inf),
        ([-math.inf, 0.0], -math.inf),
        ([1e308, 1e308], 1e308),
        ([1e308, -1e308], 0.0),
        ([LARGEST] * 3, LARGEST),
    ],
)
def test_means_at_the_edge_of_what_floats_hold(values, mean):
    assert spread.mean(values) == mean


def test_infinities_of_both_signs_have_no_mean():
    assert math.isnan(spread.mean([math.inf, -math.inf]))
    assert math.isnan(spread.mean([math.nan, 1.0]))


def test_a_spread_beyond_all_floats_is_infinite():
    assert spread.std([1.7e308, -1.7e308]) == math.inf
    assert spread.std([1e308, -1e308]) == pytest.approx(math.sqrt(2) * 1e308)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(1.0, 1.0, True), (1.0, 2.0, False), (math.nan, math.nan, True), (math.nan, 1.0, False), (None, math.nan, False)],
)
def test_no_number_is_like_no_number(one, other, same):
    assert spread.alike(one, other) is spread.alike(other, one) is same
