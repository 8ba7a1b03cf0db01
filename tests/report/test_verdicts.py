"""Verdicts at their thresholds, and when there is none."""

# pyright: reportArgumentType=false, reportOptionalMemberAccess=false

import math
from dataclasses import replace
from statistics import stdev

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lmcspec.report import Cell, Verdict, matching_level, stable
from lmcspec.report.verdicts import matches, matching_gaps


def cell(*values, outcomes=()):
    spread = stdev(values) if len(values) > 1 else None
    return Cell(sum(values) / len(values), spread, len(values), values, outcomes)


@pytest.mark.parametrize(
    ("mean", "word"), [(0.0, "stable"), (0.0199, "stable"), (0.02, "unstable"), (0.5, "unstable"), (-0.01, "stable")]
)
def test_stable_is_below_the_threshold(mean, word):
    assert stable(Cell(mean, 0.0, 3, ()), 0.02) == Verdict(word, 3)


def test_the_threshold_is_the_measure_s():
    assert stable(cell(0.03, 0.03, 0.03), 0.05).word == "stable"


@pytest.mark.parametrize("n", [1, 2])
def test_below_three_replicates_there_is_no_verdict(n):
    few = cell(*[0.5] * n)
    assert str(stable(few, 0.02)) == f"undecided (n = {n})"
    assert str(matches(cell(0.9, 0.9, 0.9), few)) == f"undecided (n = {n})"
    assert str(matches(few, cell(0.9, 0.9, 0.9))) == f"undecided (n = {n})"


@pytest.mark.parametrize("outcome", ["diverged", "dead-layer", "chance"])
def test_collapsed_networks_are_not_stable(outcome):
    assert stable(cell(0.0, 0.0, 0.0, outcomes=(outcome,)), 0.02) == Verdict("collapsed", 3)
    assert stable(cell(0.0, 0.0, 0.0, outcomes=("missing",)), 0.02) == Verdict("stable", 3)


def test_nothing_matches_a_collapsed_dense_network():
    dense = cell(0.9, 0.9, 0.1, outcomes=("chance",))
    assert matches(cell(0.5, 0.5, 0.5), dense) == Verdict("collapsed", 3)


def test_matching_down_to_one_sample_standard_deviation():
    dense = cell(0.90, 0.92, 0.94)  # mean 0.92, sample standard deviation 0.02
    assert math.isclose(dense.std, 0.02)
    assert matches(cell(0.901, 0.901, 0.901), dense).word == "matching"
    assert matches(cell(0.899, 0.899, 0.899), dense).word == "not matching"
    assert matches(dense, dense).word == "matching"


@given(st.lists(st.floats(0, 1), min_size=3, max_size=5), st.lists(st.floats(0, 1), min_size=3, max_size=5))
@example([0.0, 0.0, 0.0], [0.0, 0.0, 6.851725200542883e-159])
def test_matching_is_its_formula(values, dense):
    expected = sum(values) / len(values) >= sum(dense) / len(dense) - stdev(dense)
    assert (matches(cell(*values), cell(*dense)).word == "matching") == expected


def test_intervals_are_student_s_and_welch_s():
    """By scipy's own tests, which know nothing of cells."""
    from scipy import stats

    values, dense = (0.010, 0.013, 0.022), (0.90, 0.92, 0.94)
    found = stable(cell(*values), 0.02).interval
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    accuracies = (0.91, 0.93, 0.925)
    found = matches(cell(*accuracies), cell(*dense)).interval
    expected = stats.ttest_ind(accuracies, dense, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert stable(cell(0.01, 0.02), 0.02).interval is None, "no verdict, no interval"


class TestMatchingLevel:
    DENSE = cell(0.90, 0.92, 0.94)
    GOOD, BAD, FEW = cell(0.91, 0.92, 0.93), cell(0.5, 0.5, 0.5), cell(0.9, 0.9)

    def test_the_sparsest_that_matches(self):
        accuracies = {0: self.DENSE, 1: self.BAD, 2: self.GOOD, 3: self.BAD}
        assert matching_level(accuracies, self.DENSE) == (2, Verdict("matching", 3))

    def test_none(self):
        accuracies = {0: self.DENSE, 1: self.BAD}
        assert matching_level(accuracies, self.DENSE) == (None, Verdict("no level matches", 3))

    def test_too_few_replicates(self):
        assert matching_level({0: self.DENSE, 1: self.FEW}, self.DENSE) == (None, Verdict("undecided", 2))
        assert matching_level({0: self.FEW, 1: self.GOOD}, self.FEW) == (None, Verdict("undecided", 2))

    def test_some_levels_lack_replicates(self):
        assert matching_level({1: self.BAD, 2: self.FEW}, self.DENSE) == (None, Verdict("undecided", 2))
        assert matching_level({1: self.GOOD, 2: self.FEW}, self.DENSE) == (1, Verdict("matching", 3))

    def test_a_collapsed_dense_network(self):
        dense = cell(0.9, 0.9, 0.1, outcomes=("chance",))
        assert matching_level({1: self.GOOD}, dense) == (None, Verdict("collapsed", 3))

    def test_level_0_does_not_match_itself(self):
        assert matching_level({0: self.DENSE}, self.DENSE) == (None, Verdict("no level matches", 3))


class TestGaps:
    """A sparsest match is not yet one of all levels before it."""

    def test_levels_before_it_that_do_not_match(self):
        own = TestMatchingLevel
        accuracies = {1: own.GOOD, 2: own.BAD, 3: own.BAD, 4: own.GOOD, 5: own.BAD}
        assert matching_gaps(accuracies, own.DENSE, 4) == ((2, 3), {}, True)

    def test_levels_before_it_that_were_not_measured(self):
        own = TestMatchingLevel
        assert matching_gaps({1: own.GOOD, 4: own.GOOD}, own.DENSE, 4) == ((), {}, False)
        assert matching_gaps({1: own.GOOD, 2: own.GOOD}, own.DENSE, 2) == ((), {}, True)

    def test_levels_with_too_few_replicates_are_undecided_before_it_and_beyond(self):
        own, undecided = TestMatchingLevel, Verdict("undecided", 2)
        accuracies = {1: own.FEW, 2: own.BAD, 3: own.GOOD, 4: own.FEW, 5: own.BAD}
        assert matching_gaps(accuracies, own.DENSE, 3) == ((2,), {1: undecided, 4: undecided}, True)

    def test_where_no_level_matches(self):
        own = TestMatchingLevel
        accuracies = {1: own.BAD, 2: own.FEW, 3: own.BAD}
        assert matching_gaps(accuracies, own.DENSE, None) == ((1, 3), {2: Verdict("undecided", 2)}, False)

    def test_of_a_level_without_any_number_nothing_is_left_to_decide(self):
        own = TestMatchingLevel
        nothing = Cell(math.nan, None, 0, (), ("diverged",), asked=3)
        assert matching_gaps({1: own.GOOD, 2: nothing}, own.DENSE, 1) == ((), {}, True)


def test_the_difference_from_dense_is_paired_where_replicates_share_their_weights():
    def of(*values, shares):
        return replace(cell(*values), replicates=dict(enumerate(values)), shares=shares)

    found = matches(of(0.91, 0.935, 0.95, shares="s"), of(0.90, 0.92, 0.94, shares="s"))
    assert (found.pairs, found.difference) == (3, pytest.approx(0.035 / 3))
    assert matches(of(0.91, 0.93, 0.95, shares="t"), of(0.90, 0.92, 0.94, shares="s")).pairs == 0


def test_the_replicates_that_an_undecided_verdict_asks_for():
    """Instability 3 ± 1 points of two, threshold 2: t(n - 1) / √n is below 1 from 7 on. Of one, or of two alike: three."""
    few = cell(0.03 - 0.01 / 2**0.5, 0.03 + 0.01 / 2**0.5)
    assert few.std == pytest.approx(0.01)
    assert stable(few, 0.02).needed == 7
    assert stable(few, 0.0299).needed is None, "a thousandth of the spread off the threshold"
    assert (stable(cell(0.03), 0.02).needed, stable(cell(0.03, 0.03), 0.02).needed) == (3, 3)
    assert stable(cell(0.01, 0.01, 0.01), 0.02).needed is None


def test_the_replicates_that_an_undecided_match_asks_for():
    """Of paired differences -1 and 0 points, where dense has a spread of 2: their mean is 1.5 above its edge."""
    edge = 0.02 / 2**0.5
    dense = replace(cell(0.9 - edge, 0.9 + edge), shares="s", replicates={0: 0.9 - edge, 1: 0.9 + edge})
    sparse = (0.9 - edge - 0.01, 0.9 + edge)
    paired = replace(cell(*sparse), shares="s", replicates=dict(enumerate(sparse)))
    from scipy import stats

    spread = 0.01 / 2**0.5
    expected = next(n for n in range(3, 99) if stats.t.ppf(0.975, n - 1) * spread / n**0.5 < 0.015)
    assert matches(paired, dense).needed == expected
    assert matches(cell(0.9), dense).needed == 3
