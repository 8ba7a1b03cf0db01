"""How many replicates an interval asks for: against scipy.stats, one n after the other."""

# pyright: reportArgumentType=false, reportOptionalOperand=false, reportReturnType=false

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.report.replicates import FEWEST, MOST, needed

spreads = st.floats(1e-3, 1e3)


def half_paired(spread: float, n: int) -> float:
    from scipy import stats

    return stats.t.ppf(0.975, n - 1) * spread / math.sqrt(n)


def half_unpaired(a: float, b: float, n: int) -> float:
    """Half of Welch's interval of two sides of n, as scipy has it from their means and spreads."""
    from scipy import stats

    test = stats.ttest_ind_from_stats(0.0, a, n, 0.0, b, n, equal_var=False)
    freedom = (a**2 / n + b**2 / n) ** 2 / ((a**2 / n) ** 2 / (n - 1) + (b**2 / n) ** 2 / (n - 1))
    assert test.pvalue == 1.0
    return stats.t.ppf(0.975, freedom) * math.sqrt(a**2 / n + b**2 / n)


@given(spreads, st.floats(0.2, 5.0))
def test_the_fewest_whose_interval_is_narrow_enough(spread, ratio):
    margin = ratio * spread
    count = needed([spread], margin)
    assert half_paired(spread, count) < margin
    assert count == FEWEST or half_paired(spread, count - 1) >= margin * (1 - 1e-12)


@given(spreads, spreads, st.floats(0.2, 5.0))
def test_the_same_of_two_sides_that_are_not_paired(a, b, ratio):
    margin = ratio * math.hypot(a, b)
    count = needed([a, b], margin)
    assert half_unpaired(a, b, count) < margin
    assert count == FEWEST or half_unpaired(a, b, count - 1) >= margin * (1 - 1e-12)


def test_by_hand():
    """t(4) = 2.776: of five replicates half an interval is 1.24 spreads; of four, with t(3) = 3.182, it is 1.59."""
    assert needed([1.0], 1.25) == 5
    assert needed([1.0], 1.24) == 6
    assert needed([1.0], 1.60) == 4
    assert needed([1.0], 2.49) == 3, "4.303 / sqrt(3) = 2.484"


@pytest.mark.parametrize(
    ("of", "margin"),
    [([1.0], 0.0), ([0.0], 1.0), ([], 1.0), ([math.nan], 1.0), ([1.0], math.nan), ([math.inf], 1.0), ([1.0], 1e-3)],
)
def test_where_no_number_does(of, margin):
    assert needed(of, margin) is None


def test_up_to_a_thousand():
    assert needed([1.0], half_paired(1.0, MOST) * 1.000001) == MOST
    assert needed([1.0], half_paired(1.0, MOST)) is None
