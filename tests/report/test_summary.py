"""Means and spreads, against scipy."""

import math
from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results_for_tests import made_up, plan_of, row
from test_page import Recorded

from lmcspec.report import summarise, tidy
from lmcspec.report.page import page
from lmcspec.report.words import gaps

numbers = st.lists(st.floats(-10, 10, allow_subnormal=False), min_size=2, max_size=8)


def cell_of(values, **changes):
    (cell,) = summarise(row(value, replicate=place, **changes) for place, value in enumerate(values)).values()
    return cell


@given(numbers)
def test_against_scipy(values):
    import numpy as np
    from scipy import stats

    cell = cell_of(values)
    assert cell.n == cell.asked == len(values)
    assert cell.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert cell.std == pytest.approx(np.std(values, ddof=1), abs=1e-12)
    scale = stats.sem(values)
    if scale > 1e-9:
        low, high = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=scale)
        assert cell.mean - cell.half_width == pytest.approx(low)
        assert cell.mean + cell.half_width == pytest.approx(high)


def test_a_closed_form():
    cell = cell_of([0.0, 1.0])
    assert (cell.mean, cell.std) == (0.5, math.sqrt(0.5))
    assert cell.half_width == pytest.approx(0.5 * math.tan(0.475 * math.pi))  # t with 1 degree of freedom is Cauchy's


def test_one_value_has_no_spread():
    cell = cell_of([0.5])
    assert (cell.mean, cell.std, cell.half_width, cell.n) == (0.5, None, None, 1)


def test_what_is_missing_is_counted_and_not_averaged():
    rows = [row(0.5), row(None, replicate=1, outcome="missing"), row(0.7, replicate=2, outcome="chance,missing")]
    (cell,) = summarise(rows).values()
    assert (cell.mean, cell.n, cell.asked) == (pytest.approx(0.6), 2, 3)
    assert cell.outcomes == ("chance", "missing")
    assert cell.collapsed == ("chance",)
    assert summarise([row(None, outcome="missing")]) == {}


def test_cells_are_apart_by_all_that_tells_them_apart():
    changes = [
        {},
        {"case": "b"},
        {"network": "x"},
        {"level": 2},
        {"measure": "m"},
        {"metric": "test/loss"},
        {"at": "0it"},
        {"at": "3it", "at_updates": 3},
    ]
    changes.append({"through": 3})
    assert len(summarise(row(0.5, **change) for change in changes)) == len(changes)
    assert len(summarise([row(0.5, at="1ep", at_updates=23), row(0.5, at="23it", at_updates=23)])) == 1


def test_pairs_are_averaged_within_a_replicate_first():
    """Three copies make three pairs; n is replicates, and the spread is over their means."""
    plan = plan_of('networks = { dense = [] }\nmeasures.stability = { levels = ["dense"], at = [0], copies = 3 }')
    pairs = {(0, 1): 0.0, (0, 2): 0.03, (1, 2): 0.06}
    store = made_up(plan, lambda target: pairs[target.copies] + 0.1 * target.replicate)
    rows = [one for one in tidy(plan, store) if one.headline]
    assert [one.n for one in rows] == [3, 3, 3]
    assert [one.value for one in rows] == pytest.approx([0.03, 0.13, 0.23])
    (cell,) = summarise(rows).values()
    assert cell.n == 3
    assert cell.std == pytest.approx(0.1)


THREE_COPIES = """
networks = { dense = [] }
measures.stability = { levels = ["dense"], at = [0], copies = 3 }
measures.accuracy = { copies = 3 }
"""


def test_a_replicate_counts_when_all_its_pairs_are_there():
    """Of two of three replicates only the first pair is there: the one that is whole is all that is counted."""
    plan = plan_of(THREE_COPIES)

    def value(target):
        gone = target.replicate < 2 and target.copies not in ((0,), (0, 1))
        return None if gone else 0.1 * target.replicate + 0.01 * sum(target.copies)

    rows = [one for one in tidy(plan, made_up(plan, value)) if one.headline]
    assert [(one.measure, one.n, one.whole, one.outcome) for one in rows] == [
        (measure, n, n == 3, "ok" if n == 3 else "missing") for measure in ("stability", "accuracy") for n in (1, 1, 3)
    ]
    for cell, mean in zip(summarise(rows).values(), (0.22, 0.79), strict=True):
        assert (cell.n, cell.asked, cell.values, cell.replicates.keys()) == (1, 3, pytest.approx((mean,)), {2})
        assert (cell.outcomes, cell.told, cell.collapsed) == (("missing",), {"missing": 2}, ())
    pooled = next(iter(summarise(rows, pooled=True).values()))
    assert (pooled.n, pooled.asked) == (5, 9), "each pair by itself"
    assert gaps(rows) == [
        "dense, stability: 2 results without all of their copies at level 0",
        "dense, accuracy: 2 results without all of their copies at level 0",
    ]
    assert page(plan, rows, Recorded(made_up(plan, value).found), {}).progress == "2 of 6 results"


def test_what_is_partly_there_of_every_replicate_has_no_cell():
    plan = plan_of(THREE_COPIES)
    rows = tidy(plan, made_up(plan, lambda target: None if target.copies[0] else 0.1))
    assert summarise(rows) == {}, "as of nothing at all: there is no replicate yet"


def test_pooled_every_pair_of_every_replicate_is_a_value():
    rows = [row(0.2, parts=(0.1, 0.2, 0.3)), row(0.5, replicate=1, parts=(0.4, 0.6)), row(None, replicate=2)]
    (cell,) = summarise(rows, pooled=True).values()
    assert cell.values == (0.1, 0.2, 0.3, 0.4, 0.6)
    assert (cell.mean, cell.n, cell.asked) == (pytest.approx(0.32), 5, 6)
    assert cell.std == pytest.approx(stdev([0.1, 0.2, 0.3, 0.4, 0.6]))
    assert summarise(rows)[next(iter(summarise(rows)))].n == 2


def test_what_became_of_a_training_is_told_once_and_what_is_missing_anywhere():
    on_the_way = {"through": 3, "headline": False}
    rows = [
        row(None, outcome="diverged"),
        row(0.5, outcome="diverged", **on_the_way),
        row(None, outcome="diverged", **on_the_way | {"through": 5}),
        row(None, outcome="missing", **on_the_way | {"through": 7}),
    ]
    assert gaps(rows) == [
        "imp, accuracy: 1 result diverged at level 1",
        "imp, accuracy: 1 result missing at level 1",
    ]
