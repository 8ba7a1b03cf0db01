"""Two studies' results side by side: intervals against scipy's Welch test."""

import io
import math
from dataclasses import replace
from statistics import stdev

import pytest
import specs_for_tests
from hypothesis import given
from hypothesis import strategies as st
from results_for_tests import BASE, made_up, plan_of, row
from rich.console import Console

from lmcspec.report import compare as compare_module
from lmcspec.report import summarise, tidy
from lmcspec.report.compare import compare, welch
from lmcspec.report.side_by_side import difference, table

SLOWER, SPLIT = ("recipes.real.optimiser.lr=0.01",), ("dataset.split={validation=100}",)
numbers = st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=2, max_size=6)


def cell_of(values):
    (cell,) = summarise(row(value, replicate=place) for place, value in enumerate(values)).values()
    return cell


@given(numbers, numbers)
def test_the_interval_is_welch_s(first, second):
    from scipy import stats

    a, b = cell_of(first), cell_of(second)
    if min(a.std, b.std) < 1e-6:
        return  # scipy warns of what nearly does not vary
    expected = stats.ttest_ind(second, first, equal_var=False).confidence_interval(0.95)
    found = welch(a, b)
    assert (found.low, found.high) == (pytest.approx(expected.low, abs=1e-9), pytest.approx(expected.high, abs=1e-9))
    assert found.excludes_zero == (found.low > 0 or found.high < 0)


def test_a_side_that_does_not_vary_leaves_student_s_interval_of_the_other():
    found = welch(cell_of([0.2, 0.2, 0.2]), cell_of([0.0, 1.0]))
    # t with 1 degree of freedom is Cauchy's
    half = math.tan(0.475 * math.pi) * 0.5
    assert (found.low, found.high) == (pytest.approx(0.3 - half), pytest.approx(0.3 + half))


@pytest.mark.parametrize(
    ("first", "second"), [([0.5], [0.1, 0.2]), ([0.1, 0.2], [0.5]), ([0.5], [0.5]), ([0.5, 0.5], [0.7, 0.7])]
)
def test_without_two_on_each_side_or_without_any_spread_there_is_none(first, second):
    assert welch(cell_of(first), cell_of(second)) is None


def rows(shift=0.0, task="t", replicates=3, **changes):
    return [
        row(0.9 + 0.01 * place + shift, replicate=place, task=f"{task}{place}", **changes)
        for place in range(replicates)
    ]


def rows_of(metric, *values):
    return [
        row(value, measure=metric, metric=metric, replicate=place, task=f"{value}")
        for place, value in enumerate(values)
    ]


def test_means_differences_and_marks():
    (one,) = compare(rows(), rows(0.05, "u"), one_store=True).both
    assert (one.network, one.level, one.metric.name, one.same) == ("imp", 1, "test/accuracy", False)
    assert (one.a.mean, one.b.mean, one.difference) == (pytest.approx(0.91), pytest.approx(0.96), pytest.approx(0.05))
    assert one.interval.excludes_zero
    # t with 4 degrees of freedom, at equal spreads and sizes: 2.776 · 0.01 · sqrt(2 / 3)
    assert difference(one) == "+5.00 [+2.73, +7.27] *"
    (near,) = compare(rows(), rows(0.01, "u"), one_store=True).both
    assert difference(near) == "+1.00 [-1.27, +3.27]  "
    assert not near.interval.excludes_zero


def test_the_same_tasks_in_one_store_are_the_same_results():
    (one,) = compare(rows(), rows(), one_store=True).both
    assert (one.same, one.interval, difference(one)) == (True, None, "same results")
    (two,) = compare(rows(), rows(0.001), one_store=False).both
    assert two.interval is not None


def test_more_copies_in_one_store_are_other_results():
    """Two copies make the first of the three pairs of three copies: a mean over one pair, and one over three."""
    text = "networks.dense = []\nmeasures.stability = { levels = [0], at = [0], copies = 2 }"
    plans = plan_of(text), plan_of(text.replace("copies = 2", "copies = 3"))
    a, b = (tidy(plan, made_up(plan, lambda target: 0.01 * sum(target.copies))) for plan in plans)
    assert {row.task for row in a} == {row.task for row in b}, "the first pair is of both"
    (one,) = compare(a, b, one_store=True).both
    assert not one.same and one.difference == pytest.approx(0.01)
    (alike,) = compare(b, b, one_store=True).both
    assert alike.same


def test_too_few_replicates_have_no_interval():
    (one,) = compare(rows(replicates=1), rows(0.05, "u"), one_store=True).both
    assert difference(one) == "+6.00 (no interval)"
    assert one.document()["interval"] is None
    assert (one.document()["a"]["n"], one.document()["b"]["n"]) == (1, 3)


def test_small_numbers_that_are_no_shares_keep_their_digits():
    """Two decimals of them would be none."""
    a = rows_of("distance", 0.0003, 0.0004, 0.0005)
    b = rows_of("distance", 0.0013, 0.0014, 0.0015)
    (one,) = compare(a, b, one_store=True).both
    # t with 4 degrees of freedom, at equal spreads and sizes: 2.776 · 0.0001 · sqrt(2 / 3) = 0.000227
    assert difference(one) == "+0.00100 [+0.00077, +0.00123] *"


def test_of_no_interval_at_all_it_is_said_why():
    text = " ".join(printed(compare(rows(replicates=1), rows(0.05, "u", replicates=1), one_store=True)).split())
    assert text.endswith("in percent and points; no interval: it takes two replicates of both that are not all alike")


def test_what_is_missing_on_one_side_is_said():
    missing = [row(None, replicate=place, outcome="missing", task=f"u{place}") for place in range(3)]
    (one,) = compare(rows(), missing, one_store=True).both
    assert (one.b, one.difference, one.interval, difference(one)) == (None, None, None, "")


def test_what_is_missing_is_no_same_result():
    missing = [row(None, replicate=place, outcome="missing", task=f"t{place}") for place in range(3)]
    (one,) = compare(missing, missing, one_store=True).both
    assert (one.same, difference(one)) == (True, "")


def test_single_cases_are_compared_whatever_they_are_called():
    (one,) = compare(rows(case="slow"), rows(0.05, "u", case="fast"), one_store=True).both
    assert (one.case, one.difference) == ("", pytest.approx(0.05))
    several = [*rows(case="slow"), *rows(case="fast")]
    assert [one.case for one in compare(several, rows(0.05, "u", case="fast"), one_store=True).both] == ["fast"]


def test_lines_of_one_study_only_are_counted():
    found = compare(rows(), [*rows(), *rows(level=2), *rows(network="x")], one_store=True)
    assert (len(found.both), found.only_a, found.only_b) == (1, 0, 2)
    nothing = compare(rows(), rows(network="x"), one_store=True)
    text = printed(nothing)
    assert "they share no network, level and measure" in text
    assert "only A measures 1 more" in text


def test_a_step_is_matched_as_it_is_written():
    """Another batch size means other updates, and the same epoch."""
    stability = {"measure": "stability", "metric": "instability/test", "at": "3ep"}
    found = compare(rows(**stability, at_updates=69), rows(0.05, "u", **stability, at_updates=138), one_store=True)
    ((one,), left) = found.both, (found.only_a, found.only_b)
    assert (one.k, left) == ("3ep", (0, 0))
    assert one.difference == pytest.approx(0.05)


def printed(comparison) -> str:
    file = io.StringIO()
    console = Console(width=140, file=file, color_system=None)
    for part in table(comparison):
        console.print(part)
    return file.getvalue()


def test_the_table_of_two_plans():
    text = "networks.imp = [{ rounds = 1 }]\nmeasures.accuracy = {}\nmeasures.stability = { levels = ['last'] }"
    a, b = plan_of(text), plan_of(text.replace("rounds = 1", "rounds = 1, fraction = 0.5"))
    one = tidy(a, made_up(a, lambda target: 0.05 + 0.01 * target.replicate))
    two = tidy(b, made_up(b, lambda target: 0.02 * target.replicate if target.level else None))
    lines = [" ".join(line.split()) for line in printed(compare(one, two, one_store=False)).splitlines()]
    assert lines[:3] == [
        "network level measure A B B - A",
        "imp 0 accuracy % 94.00 ± 1.00 (3) missing",
        "1 accuracy % 94.00 ± 1.00 (3) 98.00 ± 2.00 (3) +4.00 [+1.52, +6.48] *",
    ]
    assert lines[3] == "1 instability k=0 6.00 ± 1.00 (3) 2.00 ± 2.00 (3) -4.00 [-6.48, -1.52] *"


def shared(values, shares="model/data", replicates=None):
    """A cell whose replicates share their initial weights with those of others of these."""
    numbers = range(len(values)) if replicates is None else replicates
    (cell,) = summarise(
        row(value, replicate=number, shares=shares) for number, value in zip(numbers, values, strict=True)
    ).values()
    return cell


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=2, max_size=6))
def test_paired_replicates_have_student_s_interval_of_their_differences(pairs):
    from scipy import stats

    first, second = zip(*pairs, strict=True)
    found = compare_module.difference(shared(first), shared(second))
    assert found.pairs == len(pairs)
    apart = [b - a for a, b in pairs]
    assert found.mean == pytest.approx(sum(apart) / len(apart), abs=1e-12)
    if stdev(apart) > 1e-6:
        expected = stats.ttest_rel(second, first).confidence_interval(0.95)
        assert (found.interval.low, found.interval.high) == (
            pytest.approx(expected.low, abs=1e-9),
            pytest.approx(expected.high, abs=1e-9),
        )


def test_what_replicates_have_in_common_makes_small_differences_visible():
    """Initial weights that are good for one network are so for the other, too."""
    first, second = (0.90, 0.94, 0.98), (0.911, 0.950, 0.989)
    assert not compare_module.welch(shared(first), shared(second)).excludes_zero
    found = compare_module.difference(shared(first), shared(second))
    assert found.interval.excludes_zero
    assert found.mean == pytest.approx(0.01)


@pytest.mark.parametrize("other", ["another model/data", "model/other data", ""])
def test_replicates_of_other_models_or_data_are_not_paired(other):
    a, b = shared((0.1, 0.2, 0.4)), shared((0.2, 0.25, 0.5), other)
    found = compare_module.difference(a, b)
    assert (found.pairs, found.interval) == (0, compare_module.welch(a, b))


def test_only_replicates_of_both_are_paired():
    found = compare_module.difference(shared((0.1, 0.2, 0.4)), shared((0.3, 0.5), replicates=(1, 2)))
    assert found.pairs == 2
    assert found.mean == pytest.approx(0.1)
    alone = compare_module.difference(shared((0.1, 0.2)), shared((0.3, 0.5), replicates=(1, 2)))
    assert alone.pairs == 0


def test_differences_that_are_alike_but_for_rounding_have_no_interval():
    found = compare_module.difference(shared((0.1, 0.2, 0.3)), shared((0.4, 0.5, 0.6)))
    assert (found.interval, found.pairs) == (None, 3)


def test_one_table_says_which_differences_are_not_paired():
    both = [row(0.9 + 0.01 * number**2, replicate=number, task=f"t{number}") for number in range(3)]
    a = [*(replace(one, shares="s") for one in both), *(replace(one, network="x") for one in both)]
    b = [replace(one, value=one.value + 0.01 * one.replicate, task=f"u{one.replicate}") for one in a]
    text = printed(compare(a, b, one_store=False))
    assert text.count("unpaired") == 2, "once in its line, once in the legend"
    document = [one.document() for one in compare(a, b, one_store=False).both]
    assert [one["pairs"] for one in document] == [3, 0]


def test_networks_of_one_study_are_paired_and_those_of_other_data_are_not():
    text = "networks.imp = [{ rounds = 1 }]\nmeasures.accuracy = {}"
    plans = [specs_for_tests.plan_of(BASE + text, *sets) for sets in ((), SLOWER, SPLIT)]
    shares = [{one.shares for one in tidy(plan, made_up(plan, lambda _: 0.1))} for plan in plans]
    assert len(shares[0]) == 1
    assert shares[0] == shares[1] != shares[2]
