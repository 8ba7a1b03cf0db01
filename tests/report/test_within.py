"""Two networks of a study: which numbers are compared, and their intervals against scipy.stats."""

# pyright: reportArgumentType=false, reportOptionalMemberAccess=false

import math
from dataclasses import replace
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results_for_tests import made_up, plan_of

from lmcspec.base.errors import UsageError
from lmcspec.report import tidy
from lmcspec.report.contrast_records import COLUMNS, contrast_records
from lmcspec.report.sides import Place
from lmcspec.report.within import compare_places, compare_within

TEXT = """
[networks]
imp = [{ data = "real", rounds = 4, fraction = 0.36 }]
fine = [{ data = "real", rounds = 8, fraction = 0.2 }]
late = [{ data = "real", rounds = 4, fraction = 0.36, rewind = "20it" }]
random = { like = "late", mask = "shuffled" }
[measures]
accuracy = { networks = ["imp", "fine", "late"] }
of_random = { kind = "accuracy", networks = ["random"] }
stability = { networks = ["imp", "late", "random"], at = ["rewind", 5], levels = ["dense", 2, "last"] }
hessian = { networks = ["late"], levels = ["last"], batch = 8, batches = 1 }
"""
IMP, FINE, LATE, RANDOM = (Place("", name) for name in ("imp", "fine", "late", "random"))


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


def value(target) -> float:
    """One that has no pattern, and is the same for the same task."""
    return int(target.task[:6], 16) / 2**25


@pytest.fixture(scope="module")
def rows(plan):
    return tidy(plan, made_up(plan, value))


def of(plan, name: str, level: int, measure: str = "accuracy", at: int = 0) -> dict[int, float]:
    """By replicate what was made up, an accuracy or an instability: one pair of copies each."""
    wanted = (name, level, measure, at)
    numbers = {
        target.replicate: value(target)
        for target in plan.targets
        if (target.network, target.level, target.measure, target.at_updates) == wanted
    }
    assert numbers
    return {number: 1 - error if measure != "stability" else error for number, error in numbers.items()}


def contrasts(compared, measure: str = "accuracy"):
    return [one for one in compared.contrasts if one.a.measure == measure]


def test_accuracy_level_by_level_paired_by_replicate(plan, rows):
    from scipy import stats

    compared = compare_places(plan, rows, IMP, LATE)
    accuracies = contrasts(compared)
    assert [(one.a.level, one.b.level) for one in accuracies] == [(level, level) for level in range(5)]
    assert accuracies[0].same and accuracies[0].verdict == "same results", "both rewind to one dense training"
    for one in accuracies[1:]:
        a, b = (list(of(plan, name, one.a.level).values()) for name in ("imp", "late"))
        test = stats.ttest_rel(b, a)
        expected = test.confidence_interval(0.95)
        assert (one.n, one.gap.pairs) == (3, 3)
        assert one.gap.mean == pytest.approx(fmean(b) - fmean(a))
        assert (one.gap.interval.low, one.gap.interval.high) == pytest.approx((expected.low, expected.high))
        assert (one.a.cell.mean, one.a.cell.std) == pytest.approx((fmean(a), stdev(a)))
        assert (one.verdict == "undecided") == (test.pvalue > 0.05)


def test_an_interval_by_hand():
    """Differences 1, 2 and 3 points: 2 ± 4.303 · 1 / √3."""
    plan = plan_of(
        "networks.imp = [{ rounds = 1 }]\nnetworks.late = [{ rounds = 1, rewind = 1 }]\nmeasures.accuracy = {}"
    )
    errors = {"imp": (0.2, 0.3, 0.1), "late": (0.19, 0.28, 0.07)}
    results = made_up(plan, lambda target: errors[target.network][target.replicate] if target.level else 0.1)
    one = compare_places(plan, tidy(plan, results), Place("", "imp"), Place("", "late")).contrasts[1]
    assert one.gap.mean == pytest.approx(0.02)
    assert one.gap.interval.low == pytest.approx(0.02 - 0.01 * 4.302653 / math.sqrt(3), abs=1e-8)
    assert (one.verdict, one.needed) == ("undecided", 4), "t(3) / √4 = 1.59 spreads are less than the mean of two"


def test_levels_of_equal_sparsity_and_what_is_left_of_either(plan, rows):
    compared = compare_places(plan, rows, IMP, FINE)
    levels = [(one.a.level, one.b.level) for one in contrasts(compared)]
    assert levels == [(0, 0), (1, 2), (2, 4), (3, 6), (4, 8)]
    assert [str(left) for left in compared.left_out] == [
        "fine, accuracy at levels 1, 3, 5, 7: imp is measured at no level of such a sparsity",
        "imp, stability: not measured of fine",
    ]


def test_stability_from_equal_k_and_from_each_one_s_rewind_point(plan, rows):
    from scipy import stats

    compared = compare_places(plan, rows, IMP, LATE)
    stabilities = contrasts(compared, "stability")
    assert [(one.a.level, one.a.k, one.b.k) for one in stabilities] == [
        *((0, "0", "0"), (2, "0", "20it"), (4, "0", "20it")),
        *((level, "5ep", "5ep") for level in (0, 2, 4)),
    ]
    one = stabilities[1]
    a, b = of(plan, "imp", 2, "stability"), of(plan, "late", 2, "stability", 20)
    expected = stats.ttest_rel(list(b.values()), list(a.values())).confidence_interval(0.95)
    assert (one.gap.interval.low, one.gap.interval.high) == pytest.approx((expected.low, expected.high))
    assert one.threshold == 0.02
    assert "late, hessian: not measured of imp" in [str(left) for left in compared.left_out]


def test_a_measure_of_another_name_is_compared_where_it_is_the_only_one(plan, rows):
    compared = compare_places(plan, rows, LATE, RANDOM)
    accuracies = contrasts(compared)
    assert {(one.a.measure, one.b.measure) for one in accuracies} == {("accuracy", "of_random")}
    assert [one.a.level for one in accuracies] == [0, 1, 2, 3, 4]


def test_measures_of_more_copies_look_at_more_than_the_first_pair():
    """One dense training: two copies of it are the first pair of three, whose mean is another."""
    text = """
    networks.a = [{ rounds = 1 }]
    networks.b = [{ rounds = 1, rewind = 1 }]
    [measures]
    two = { kind = "stability", networks = ["a"], levels = ["dense"], at = [0], copies = 2 }
    three = { kind = "stability", networks = ["b"], levels = ["dense"], at = [0], copies = 3 }
    """
    plan = plan_of(text)
    rows = tidy(plan, made_up(plan, lambda target: 0.01 * sum(target.copies)))
    (one,) = compare_places(plan, rows, Place("", "a"), Place("", "b")).contrasts
    assert (one.same, one.gap.mean) == (False, pytest.approx(0.01))
    (document,) = contrast_records(compare_within(plan, rows, "a", "b"))
    of_pairs = [{target.task for target in plan.targets if target.network == name} for name in "ab"]
    assert [set(document[f"tasks_{side}"].split()) for side in "ab"] == of_pairs
    assert [len(tasks) for tasks in of_pairs] == [3, 9]


def test_two_measures_of_a_metric_are_not_guessed_at():
    text = """
    networks.a = [{ rounds = 1 }]
    networks.b = [{ rounds = 1, rewind = 1 }]
    [measures]
    of_a = { kind = "accuracy", networks = ["a"] }
    again = { kind = "accuracy", networks = ["a"], levels = ["last"] }
    of_b = { kind = "accuracy", networks = ["b"] }
    """
    plan = plan_of(text)
    compared = compare_places(plan, tidy(plan, made_up(plan, value)), Place("", "a"), Place("", "b"))
    assert not compared.contrasts
    assert [str(left) for left in compared.left_out] == [
        "a, of_a: not measured of b",
        "a, again: not measured of b",
        "b, of_b: not measured of a",
    ]


def test_a_k_that_one_has_alone_is_said():
    text = """
    networks.a = [{ rounds = 1 }]
    networks.b = [{ rounds = 1, rewind = "20it" }]
    measures.stability = { at = [0, "20it", "40it"], levels = ["last"] }
    """
    plan = plan_of(text)
    compared = compare_places(plan, tidy(plan, made_up(plan, value)), Place("", "a"), Place("", "b"))
    assert [(one.a.k, one.b.k) for one in compared.contrasts] == [("0", "20it"), ("20it", "20it"), ("40it", "40it")]
    without_rewind = plan_of(text.replace('[0, "20it", "40it"]', '[0, "40it"]'))
    compared = compare_places(
        without_rewind, tidy(without_rewind, made_up(without_rewind, value)), Place("", "a"), Place("", "b")
    )
    assert [(one.a.k, one.b.k) for one in compared.contrasts] == [("40it", "40it")]
    assert [str(left) for left in compared.left_out] == ["a, stability from k = 0 at level 1: b has no such k there"]


def test_replicates_of_one_side_alone_are_not_paired(plan):
    """The first is missing in B: the mean difference is of the others, and the means stay as they are."""
    results = made_up(plan, lambda target: None if (target.network, target.replicate) == ("late", 0) else value(target))
    one = contrasts(compare_places(plan, tidy(plan, results), IMP, LATE))[2]
    a, b = of(plan, "imp", 2), of(plan, "late", 2)
    assert (one.n, one.a.cell.n, one.b.cell.n, one.b.cell.asked) == (2, 3, 2, 3)
    assert one.gap.mean == pytest.approx(fmean([b[number] - a[number] for number in (1, 2)]))
    assert one.a.cell.mean == pytest.approx(fmean(a.values()))
    assert (one.verdict, one.b.cell.outcomes, one.lost) == ("undecided", ("missing",), 0), "n = 2 is no verdict"


def test_with_a_single_replicate_there_is_no_interval(plan):
    results = made_up(plan, lambda target: value(target) if target.replicate == 0 else None)
    one = contrasts(compare_places(plan, tidy(plan, results), IMP, LATE))[1]
    assert (one.n, one.gap.interval, one.verdict, one.needed) == (1, None, "undecided", 3)


def test_what_is_not_there_is_a_contrast_without_numbers(plan):
    results = made_up(plan, lambda target: None if target.network == "late" and target.level else value(target))
    one = contrasts(compare_places(plan, tidy(plan, results), IMP, LATE))[1]
    assert (one.gap, one.verdict, one.needed, one.n, one.a.cell.n, one.b.cell) == (None, "", None, 0, 3, None)


def test_instability_of_collapsed_networks_is_no_verdict_and_their_accuracy_is(plan):
    def gone(target):
        return "diverged" if target.network == "late" and target.level == 4 else value(target) / 100

    compared = compare_places(plan, tidy(plan, made_up(plan, gone)), IMP, LATE)
    by_level = {one.a.level: one for one in contrasts(compared)}
    assert by_level[4].verdict == "smaller"
    assert by_level[4].b.cell.note == "diverged"
    assert {one.verdict for one in contrasts(compared, "stability") if one.a.level == 4} == {"collapsed"}


def test_cases_are_compared_network_by_network_and_steps_as_they_are_written():
    text = """
    networks.imp = [{ rounds = 1, rewind = "2ep" }]
    measures.accuracy = {}
    measures.stability = { levels = ["last"] }
    [[sweep.cases]]
    case = "batch64"
    [[sweep.cases]]
    case = "batch32"
    recipes.real.batch = 32
    [[sweep.cases]]
    case = "wide"
    model.widths = [16]
    """
    plan = plan_of(text)
    rows = tidy(plan, made_up(plan, value))
    (compared,) = compare_within(plan, rows, "batch64", "batch32")
    assert [(one.a.measure, one.a.k, one.b.k, one.gap.pairs) for one in compared.contrasts] == [
        ("accuracy", "", "", 3),
        ("accuracy", "", "", 3),
        ("stability", "2ep", "2ep", 3),
    ]
    (compared,) = compare_within(plan, rows, "batch64", "wide")
    assert {one.gap.pairs for one in compared.contrasts} == {0}, "other weights: nothing to pair by"
    from scipy import stats

    one = compared.contrasts[1]
    a, b = one.a.cell.values, one.b.cell.values
    expected = stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    assert (one.gap.interval.low, one.gap.interval.high) == pytest.approx((expected.low, expected.high))


def test_where_nothing_can_be_compared_it_says_why(plan, rows):
    stabilities = [row for row in rows if row.measure != "accuracy"]
    with pytest.raises(
        UsageError, match="nothing of fine and imp can be compared: imp, stability: not measured of fine"
    ):
        compare_within(plan, stabilities, "fine", "imp")
    sparse = [row for row in rows if row.level in (1, 3) or (row.network == "imp" and row.level == 4)]
    with pytest.raises(UsageError, match="measured at no level of such a sparsity") as refused:
        compare_within(plan, [row for row in sparse if row.measure == "accuracy"], "fine", "imp")
    assert 'levels = "all"' in refused.value.help


numbers = st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)), min_size=3, max_size=3)


@given(numbers, st.sets(st.integers(0, 5), max_size=3))
def test_b_against_a_is_minus_a_against_b(plan, rows, pairs, lacking):
    """Whatever is missing: numbers, intervals, verdicts the other way round, and the same replicates."""
    values = {("imp", number): a for number, (a, _) in enumerate(pairs)}
    values |= {("late", number): b for number, (_, b) in enumerate(pairs)}
    gone = {(("imp", "late")[place // 3], place % 3) for place in lacking}
    changed = [
        replace(
            row, value=None if (row.network, row.replicate) in gone else values[row.network, row.replicate], parts=()
        )
        for row in rows
        if row.headline and row.level and row.network in ("imp", "late")
    ]
    forth, back = compare_places(plan, changed, IMP, LATE), compare_places(plan, changed, LATE, IMP)
    assert len(forth.contrasts) == len(back.contrasts) > 4
    turned = {(one.b.measure, one.b.level, one.b.k, one.a.k): one for one in back.contrasts}
    opposite = {"larger": "smaller", "smaller": "larger"}
    for one in forth.contrasts:
        other = turned[one.a.measure, one.a.level, one.a.k, one.b.k]
        # By their words: since Python 3.13 no cell without a number is equal to itself.
        assert repr((one.a, one.b)) == repr((other.b, other.a)) and (one.n, one.needed) == (other.n, other.needed)
        assert other.verdict == opposite.get(one.verdict, one.verdict)
        assert (one.gap is None) == (other.gap is None)
        if one.gap is not None and other.gap is not None:
            assert one.gap.mean == -other.gap.mean
            assert (one.gap.interval is None) == (other.gap.interval is None)
            if one.gap.interval is not None:
                assert (one.gap.interval.low, one.gap.interval.high) == pytest.approx(
                    (-other.gap.interval.high, -other.gap.interval.low), abs=1e-12
                )
    assert sorted(map(str, forth.left_out)) == sorted(map(str, back.left_out))


def test_records_have_every_column_and_only_plain_values(plan, rows):
    documents = contrast_records(compare_within(plan, rows, "imp", "late"))
    assert all(tuple(document) == COLUMNS for document in documents)
    one = documents[1]
    assert (one["network_a"], one["network_b"], one["level_a"], one["metric"]) == ("imp", "late", 1, "test/accuracy")
    assert (one["sparsity_b"], one["n_a"], one["outcome_a"], one["paired"]) == (pytest.approx(0.36), 3, "ok", True)
    assert {type(entry) for document in documents for entry in document.values()} <= {
        *(str, int, float, bool, type(None)),
    }
