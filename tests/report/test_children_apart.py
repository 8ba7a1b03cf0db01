"""Children of partners that part at initialisation are other networks than the partners at their end."""

import pytest
from drawn_for_tests import recorded
from results_for_tests import Result
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.report import summarise, tidy
from lmcspec.report.compare import compare
from lmcspec.report.results_table import results_table
from lmcspec.track.wanted import Wanted

TEXT = f"""
replicates = 2
partners = 2
{SEVEN_UPDATES}
[networks]
dense = []
[permutations]
wm = {{ method = "weights", network = "dense" }}
[measures]
conn = {{ kind = "connectivity", levels = ["dense"], under = ["none", "wm"], branch = [0, "2it"] }}
"""
BARRIERS = {
    ("none", ""): 0.5,
    ("wm", ""): 0.25,
    ("none", "0ep"): 0.375,
    ("wm", "0ep"): 0.125,
    ("none", "2it"): 0.75,
    ("wm", "2it"): 0.0625,
}


def result(target) -> Result:
    barrier = BARRIERS[target.under, target.at]
    return Result({"paths": {"average": {"summary": {"barrier/test": barrier}}}, "images": {}})


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def store(plan):
    return recorded(plan, result)


def test_each_has_a_row_and_a_mean_of_its_own(plan, store):
    rows = [row for row in tidy(plan, store) if row.headline]
    assert {(row.under, row.at): row.value for row in rows} == BARRIERS
    assert sorted(cell.mean for cell in summarise(rows).values()) == sorted(BARRIERS.values())


def test_each_has_a_column_of_its_own(plan, store):
    table = results_table(tidy(plan, store))
    (line,) = table.lines
    shown = {column.heading: value.cell.mean for column, value in zip(table.columns, line.values, strict=True) if value}
    assert shown == {
        "conn unpermuted": 0.5,
        "conn under wm": 0.25,
        "conn unpermuted k=0": 0.375,
        "conn under wm k=0": 0.125,
        "conn unpermuted k=2it": 0.75,
        "conn under wm k=2it": 0.0625,
    }


def test_two_studies_are_compared_permutation_by_permutation(plan, store):
    rows = tidy(plan, store)
    compared = compare(rows, rows, one_store=False).both
    assert {(one.under, "0ep" if one.k == "0" else one.k): one.a.mean for one in compared} == BARRIERS
    assert compared[0].document()["under"] == "none"


def test_a_chart_waits_for_no_number_of_another(plan, store):
    (points,) = (points for points in Wanted(plan).points(tidy(plan, store), store).values() if points)
    shown = {point.chart.name.partition("/")[2]: point.value for point in points}
    assert shown["barrier k0 under wm"] == 0.125 and shown["barrier under wm"] == 0.25
