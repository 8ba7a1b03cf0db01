"""Tidy rows: one value each, with what it is and the task it comes from."""

import math
from types import SimpleNamespace

import pytest
import specs_for_tests
from results_for_tests import Result, Results, accuracy, made_up, paths, plan_of
from specs_for_tests import STABILITY

from lmcspec.engine.execute import execute
from lmcspec.plan.outlook import outlook
from lmcspec.report import summarise, tidy
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.tidy import ResultsOf, at_the_end
from lmcspec.report.words import in_its_unit
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

IMP = """
[networks]
dense = []
imp = [{ data = "real", rounds = 2 }]
[measures]
accuracy = {}
stability = { networks = ["imp"], levels = ["dense", "last"], at = [0, 3] }
"""


@pytest.fixture(scope="module")
def plan():
    return plan_of(IMP)


def by_metric(rows, **wanted):
    return {row.metric.name: row for row in rows if all(getattr(row, name) == value for name, value in wanted.items())}


def test_a_row_per_metric_of_every_target(plan):
    rows = tidy(plan, made_up(plan, lambda target: 0.1))
    # accuracy: (1 dense + 3 imp) x 3 replicates x 4 metrics; stability: level 0 from 0 and 3, level 2 from 0 and 3,
    # 2 numbers under 2 policies and the distance
    assert len(rows) == 4 * 3 * 4 + 4 * 3 * 5
    found = by_metric(rows, network="imp", level=2, replicate=1, measure="accuracy")
    assert {metric: row.value for metric, row in found.items()} == {
        "test/accuracy": 0.9,
        "test/loss": 1.0,
        "train/accuracy": 0.95,
        "train/loss": 0.5,
    }
    assert [metric for metric, row in found.items() if row.headline] == ["test/accuracy"]
    assert found["test/accuracy"].task == plan.roles["imp/s1/l2/train"]
    assert found["test/accuracy"].density == pytest.approx(0.64, abs=1e-3)
    assert found["test/accuracy"].sparsity == 1 - found["test/accuracy"].density
    assert {row.sparsity for row in rows if row.level == 0} == {0.0}


def test_numbers_of_another_kind_of_task_are_none(plan):
    """A stranger's COMMIT may be whole and say anything: `layers` of a mask in the place of an overlap's."""
    dense, path = plan.roles["dense/s0/l0/train"], next(one.task for one in plan.targets if one.kind == "stability")
    swapped = made_up(plan, lambda target: 0.1)
    trained = swapped.found[dense]
    for task in (dense, path):
        swapped.found[task] = SimpleNamespace(scalars=trained.scalars, outcome="ok", record={"kind": "train"})
    assert ResultsOf(plan, swapped).find(dense) is swapped.found[dense]
    assert ResultsOf(plan, swapped).find(path) is None
    rows = tidy(plan, swapped)
    assert {row.outcome for row in rows if row.task == path} == {"missing"}
    assert not any(row.value is None for row in rows if row.task == dense)


def test_a_sets_accuracy_is_read_as_others_and_stands_in_no_curve_of_theirs():
    plan = plan_of(
        """
[recipes.distilled]
extends = "real"
[distilled]
chance = { method = "random-images", ipc = 2 }
[networks]
imp = [{ data = "real", rounds = 1 }]
[measures]
accuracy = {}
own = { kind = "set-accuracy", set = "chance" }
"""
    )
    rows = tidy(plan, made_up(plan, lambda target: 0.4 if target.measure == "own" else 0.1))
    found = by_metric(rows, measure="own", replicate=1)
    assert found["test/accuracy"].value == 0.6 and found["test/accuracy"].headline
    assert (found["test/accuracy"].network, found["test/accuracy"].level) == ("imp", 0)
    given = CaseResults(plan, "", rows, Results(), Results())
    assert (given.measures("accuracy"), given.measures("set-accuracy")) == (["accuracy"], ["own"])


def test_policies_are_metrics_of_their_own(plan):
    store = made_up(plan, lambda target: 0.1)
    task = plan.roles["imp/s0/l2/path k=0 0-1"]
    store.found[task] = Result(paths(0.3, recompute=0.2))
    found = by_metric(tidy(plan, store), network="imp", level=2, replicate=0, at_updates=0, measure="stability")
    assert {metric: row.value for metric, row in found.items()} == {
        "instability/test": 0.3,
        "barrier/test": 0.15,
        "instability/test@recompute": 0.2,
        "barrier/test@recompute": 0.1,
        "distance": 2.0,
    }
    assert [metric for metric, row in found.items() if row.headline] == ["instability/test"]


def test_what_is_missing_is_a_row_without_a_value(plan):
    store = made_up(plan, lambda target: None if target.level == 2 else 0.1)
    missing = [row for row in tidy(plan, store) if row.outcome == "missing"]
    assert {(row.level, row.value, row.n, row.sparsity, row.headline) for row in missing} == {(2, None, 0, None, True)}
    assert len(missing) == 3 + 2 * 3
    assert {row.metric.name for row in missing} == {"test/accuracy", "instability/test"}
    assert all(row.outcome == "missing" for row in tidy(plan, Results()))


def test_one_of_two_copies_is_missing():
    plan = plan_of("networks = { dense = [] }\nmeasures.accuracy = { copies = 2 }")
    store = made_up(plan, lambda target: None if target.copies == (1,) else 0.2)
    rows = [row for row in tidy(plan, store) if row.headline]
    assert {(row.value, row.n, row.outcome, row.outcomes) for row in rows} == {(0.8, 1, "missing", ("missing",))}


def test_outcomes_of_all_copies_are_named():
    plan = plan_of("networks = { dense = [] }\nmeasures.accuracy = { copies = 3 }")
    store = made_up(plan, lambda target: ["chance", 0.2, "diverged"][target.copies[0]])
    rows = [row for row in tidy(plan, store) if row.headline]
    assert {row.outcome for row in rows} == {"chance,diverged"}


@pytest.mark.parametrize(
    ("settings", "headline"),
    [
        ("", "instability/test"),
        ('bn = ["recompute"]', "instability/test@recompute"),
        ('bn = ["recompute", "average"]', "instability/test"),
        ('split = ["train"]', "instability/train"),
        ('split = ["train"], bn = ["recompute"]', "instability/train@recompute"),
    ],
)
def test_the_headline_is_one_that_the_measure_has(settings, headline):
    plan = plan_of(
        f'networks = {{ dense = [] }}\nmeasures.s = {{ kind = "stability", levels = ["dense"], {settings} }}'
    )
    assert {row.metric.name for row in tidy(plan, Results())} == {headline}


WAY = 'networks = { dense = [] }\nmeasures.stability = { levels = ["dense"], at = [0], copies = 3, through = 4 }'


def test_steps_on_the_way_are_not_cells():
    plan = plan_of(WAY)
    assert {target.through is None for target in plan.targets} == {True, False}
    assert len([row for row in tidy(plan, made_up(plan, lambda target: 0.1)) if row.headline]) == 3


def test_steps_on_the_way_have_rows_of_their_own():
    plan = plan_of(WAY)
    store = made_up(plan, lambda target: (target.through or 230) / 1e3 + 0.01 * sum(target.copies))
    rows = [row for row in tidy(plan, store) if row.metric.name == "instability/test" and row.replicate == 1]
    # Ten epochs of 23 updates, looked at after four and eight; pairs 0-1, 0-2 and 1-2 are averaged. The end comes first.
    assert [(row.through, row.headline, row.n) for row in rows] == [(None, True, 3), (92, False, 3), (184, False, 3)]
    assert [row.value for row in rows] == pytest.approx([0.25, 0.112, 0.204])
    assert rows[1].parts == pytest.approx((0.102, 0.112, 0.122))
    assert at_the_end(rows) == rows[:1]
    missing = [row for row in tidy(plan, Results()) if row.through == 92]
    assert {(row.metric.name, row.value, row.outcome, row.headline) for row in missing} == {
        ("instability/test", None, "missing", False)
    }


def test_distances_of_a_triangle():
    plan = plan_of('networks = { dense = [] }\nmeasures.distance = { levels = ["dense"], at = [0, 3], copies = 3 }')
    store = Results()
    for target in plan.targets:
        made = {"distance": 10.0 + sum(target.copies), "from-start": [6.0, 8.0], "angle": 90.0}
        store.found[target.task] = Result(made)
    rows = tidy(plan, store)
    assert {(row.metric.name, row.value, row.n, row.headline) for row in rows} == {
        ("distance", 12.0, 3, True),
        ("from-start", 7.0, 3, False),
        ("angle", 90.0, 3, False),
    }
    assert {(row.k, row.at_updates) for row in rows} == {("0", 0), ("3ep", 69)}
    assert {row.metric.name for row in tidy(plan, Results())} == {"distance"}
    cells = summarise(rows).values()
    assert {in_its_unit(cell) for cell in cells if cell.mean == 12} == {"12.00 ± 0.00 (3)"}


def test_a_loss_that_is_not_a_number_stays_one(plan):
    store = made_up(plan, lambda target: 0.1)
    store.found[plan.roles["imp/s0/l2/train"]] = Result(accuracy(0.9) | {"test_loss": math.nan}, "diverged")
    found = by_metric(tidy(plan, store), network="imp", level=2, replicate=0, measure="accuracy")
    assert math.isnan(found["test/loss"].value)
    assert found["test/accuracy"].outcome == "diverged"


@pytest.mark.parametrize(("rate", "collapsed"), [("0.1", False), ("1e30", True)])
def test_rows_of_a_study_that_ran(tmp_path, rate, collapsed):
    text = STABILITY.replace("lr = 0.1", f"lr = {rate}")
    if collapsed:
        text = text.replace('imp = [{ data = "real"', 'imp = [{ criterion = "random", data = "real"')
    plan = specs_for_tests.plan_of(text)
    store = Store.open(tmp_path / "store")
    summary = execute(outlook(plan, store), store, InlineRunner())
    assert not summary.failed
    rows = [row for row in tidy(plan, store) if row.headline]
    assert len(rows) == 5
    for row in rows:
        stored = store.find(row.task)
        assert stored is not None
        if row.measure == "accuracy":
            assert row.value == 1 - stored.scalars["test_error"]
        else:
            assert row.value == stored.scalars["paths"]["average"]["summary"]["instability/test"]
        if collapsed:
            assert row.outcome == "diverged"
        assert row.sparsity == (0.5 if row.level else 0.0)
