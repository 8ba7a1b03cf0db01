"""Verdicts between two numbers, and how many replicates would decide them."""

# pyright: reportOptionalMemberAccess=false

import math

import pytest
from results_for_tests import metric, row

from lmcspec.report import summarise
from lmcspec.report.contrast import Contrast, Spot
from lmcspec.report.contrast_table import contrasts_in_words, difference, legend, verdict
from lmcspec.report.sides import Place

ACCURACY, INSTABILITY = metric("test/accuracy"), metric("instability/test")


def spot(*values, density=0.5, level=1, shares="s", outcome="ok", **changes):
    rows = [
        row(value, replicate=number, shares=shares, outcome=outcome, task=f"{values}{number}", **changes)
        for number, value in enumerate(values)
    ]
    cells = list(summarise(rows).values())
    return Spot(Place("", "imp"), "accuracy", level, density, cell=cells[0] if cells else None)


def contrast(a, b, of=ACCURACY, threshold=0.0, **changes):
    return Contrast(of, spot(*a, **changes), spot(*b, **changes), threshold=threshold)


def test_larger_smaller_and_undecided():
    assert contrast((0.1, 0.2, 0.3), (0.2, 0.31, 0.42)).verdict == "larger"
    assert contrast((0.2, 0.31, 0.42), (0.1, 0.2, 0.3)).verdict == "smaller"
    assert contrast((0.1, 0.2, 0.3), (0.2, 0.1, 0.3)).verdict == "undecided"


def test_two_replicates_are_too_few_for_a_verdict_and_have_an_interval():
    one = contrast((0.1, 0.2), (0.2, 0.3001))
    assert one.gap.interval.low > 0
    assert (one.verdict, one.needed) == ("undecided", 3)


def test_where_differences_are_all_alike_no_number_is_told():
    one = contrast((0.1, 0.2, 0.3), (0.2, 0.3, 0.4))
    assert (one.gap.interval, one.verdict, one.needed) == (None, "undecided", None)
    assert verdict(one) == "undecided: all differ alike"
    assert difference(one) == "+10.00 (no interval)"
    two = contrast((0.1, 0.2), (0.2, 0.3))
    assert (two.verdict, two.needed) == ("undecided", 3)


def test_the_number_that_would_decide_by_hand():
    """Differences 0, 1 and 2 points of accuracy: mean 1, s 1. Half of t(6) s / √7 = 0.925 is the first below 1."""
    one = contrast((0.1, 0.2, 0.3), (0.1, 0.21, 0.32))
    assert (one.verdict, one.needed, verdict(one)) == ("undecided", 7, "undecided: 7 replicates")


def test_an_interval_narrower_than_the_threshold_is_enough():
    """Differences of -1, 0 and 1.03 points tell nothing; one of 2 points in all is enough: t(17) s / √18 < 1 / 2 · 2."""
    values = (0.1, 0.1, 0.1), (0.09, 0.1, 0.1103)
    apart, within = (contrast(*values, of=INSTABILITY, threshold=threshold) for threshold in (0.0, 0.02))
    assert apart.needed is None, "over a thousand"
    assert verdict(apart) == "undecided: over 1,000 replicates"
    spread = (0.0203**2 / 4 + 0.0001**2 / 2) ** 0.5
    assert within.gap.spreads[0] == pytest.approx(spread, rel=0.01)
    from scipy import stats

    expected = next(n for n in range(3, 100) if stats.t.ppf(0.975, n - 1) * within.gap.spreads[0] / math.sqrt(n) < 0.01)
    assert within.needed == expected


def test_what_lies_within_the_threshold_needs_no_more():
    one = contrast((0.010, 0.011, 0.012), (0.011, 0.011, 0.0121), of=INSTABILITY, threshold=0.02)
    assert (one.verdict, one.negligible, one.needed) == ("undecided", True, None)
    assert verdict(one) == "undecided, but less than 2 points apart"


def test_results_that_are_one_and_the_same():
    one = Contrast(ACCURACY, spot(0.1, 0.2, 0.3), spot(0.1, 0.2, 0.3), same=True)
    assert (one.verdict, one.needed, difference(one), verdict(one)) == ("same results", None, "same results", "")


def test_replicates_that_are_lost_are_counted_and_those_that_are_missing_are_not():
    whole = spot(0.1, 0.2, 0.3)
    assert Contrast(ACCURACY, whole, spot(0.1, 0.2, math.nan)).lost == 1
    rows = [
        row(value, replicate=number, outcome="ok" if value else "missing") for number, value in enumerate((0.1, None))
    ]
    (cell,) = summarise(rows).values()
    assert Contrast(ACCURACY, whole, Spot(Place("", "x"), "accuracy", 1, 0.5, cell=cell)).lost == 0


def test_the_table_in_words():
    near = Contrast(
        ACCURACY,
        spot(0.90, 0.92, 0.94, density=0.17, level=8),
        spot(0.91, 0.925, 0.97, density=0.168, level=1),
    )
    unpaired = contrast((0.9, 0.92, 0.94), (0.5, 0.6, 0.71), shares="")
    table = contrasts_in_words([near, unpaired])
    assert [[cell.text for cell in line] for line in table.lines] == [
        ["accuracy %", "8 / 1", "83.0% / 83.2%", "92.00 ± 2.00 (3)", "93.50 ± 3.12 (3)"]
        + ["+1.50 [-1.79, +4.79]", "3", "undecided: 6 replicates"],
        ["accuracy %", "1", "50.0%", "92.00 ± 2.00 (3)", "60.33 ± 10.50 (3)"]
        + ["-31.67 [-56.58, -6.75] unpaired", "3", "smaller"],
    ]
    words = legend([near, unpaired])
    assert "paired replicates; unpaired: by Welch's t" in words
    assert "those nearest to it are compared" in words


def test_numbers_that_are_no_shares_keep_their_digits():
    of = metric("distance")
    one = contrast((1e-4, 2e-4, 3e-4), (2e-4, 2.1e-4, 4e-4), of=of)
    assert difference(one) == "+7.00e-05 [-5.91e-05, +1.99e-04]"


@pytest.mark.parametrize("outcome", ["diverged", "dead-layer", "chance"])
def test_paths_of_collapsed_networks_have_no_verdict(outcome):
    one = contrast((0.1, 0.2, 0.3), (0.2, 0.31, 0.42), of=INSTABILITY, outcome=outcome)
    assert (one.verdict, one.needed) == ("collapsed", None)
    assert contrast((0.1, 0.2, 0.3), (0.2, 0.31, 0.42), outcome=outcome).verdict == "larger"
