"""Who needs a task: found by walks of the test's own, in this study and in others of a store."""

import pytest
from specs_for_tests import SEVEN_UPDATES, STABILITY, plan_of
from stores_for_tests import put

from lmcspec.plan.document import to_document
from lmcspec.plan.needed_by import needed_by, needed_elsewhere
from lmcspec.plan.task_numbers import number_lines, numerics_line
from lmcspec.store import Store, record_plan

STUDY = (
    SEVEN_UPDATES
    + """
[networks]
dense = []
imp = [{ rounds = 2, fraction = 0.5, rewind = "2it" }]
random = { like = "imp", mask = "shuffled" }
other = [{ rounds = 1, fraction = 0.3 }]
[measures]
accuracy = {}
stability = { networks = ["imp"], levels = ["last"], points = 3 }
"""
)


@pytest.fixture(scope="module")
def plan():
    return plan_of(STUDY, "replicates=2")


def rests_on(plan, target):
    """All tasks under a target, those included whose longer training makes a state on its way."""
    waiting, reached = [target.task, target.mask], set()
    while waiting:
        task = waiting.pop()
        if task is not None and task not in reached:
            reached.add(task)
            waiting += [*(source for _, source in plan.tasks[task].inputs), plan.byproducts.get(task)]
    return reached


@pytest.mark.parametrize("label", ["dense/s0/l0/train", "imp/s1/l1/mask", "imp/s0/l2/train", "random/s0/l1/mask-0"])
def test_networks_and_measures_are_those_whose_numbers_rest_on_it(plan, label):
    task = plan.roles[label]
    needed = needed_by(plan, task)
    shown = [target for target in plan.targets if task in rests_on(plan, target)]
    assert set(needed.networks) == {target.network for target in shown}
    assert set(needed.measures) == {target.measure for target in shown}
    assert set(needed.read_by) == {target.measure for target in plan.targets if target.task == task}
    readers = {(other.label, name) for other in plan.tasks.values() for name, source in other.inputs if source == task}
    assert set(needed.takers) == readers


def test_the_dense_training_is_everyones(plan):
    needed = needed_by(plan, plan.roles["dense/s0/l0/train"])
    assert needed.networks == ("dense", "imp", "random", "other")
    assert needed.passes == ("imp/s0/l0/train until 2",)
    lines = list(needed.lines())
    assert lines[0].startswith("read by imp/s0/l1/mask (") and lines[1] == "commits on its way imp/s0/l0/train until 2"
    assert lines[-1].startswith(f"on it rests: {needed.tasks} tasks; networks dense, imp, random, other; measures")


def test_figures_that_show_what_rests_on_it(plan):
    figures = {
        "all": lambda plan: list(plan.targets),
        "imp": lambda plan: [target for target in plan.targets if target.network == "imp"],
        "none": lambda plan: [],
    }
    assert needed_by(plan, plan.roles["imp/s0/l1/mask"], figures).figures == ("all", "imp")
    assert needed_by(plan, plan.roles["other/s0/l1/mask"], figures).figures == ("all",)


def test_other_studies_of_a_store(plan, tmp_path):
    store = Store.open(tmp_path / "store")
    other = plan_of(STABILITY, "study='other'")
    record_plan(store, "other", to_document(other))
    record_plan(store, plan.study, to_document(plan))
    dense = plan.roles["dense/s0/l0/train"]
    assert other.roles["dense/s0/l0/train"] == dense
    ((_, needed),) = needed_elsewhere(store, dense, but=plan.study)
    assert needed == needed_by(other, dense)
    assert [need.study for _, need in needed_elsewhere(store, dense)] == ["other", "tiny"]
    assert needed_elsewhere(store, plan.roles["imp/s0/l2/mask"], but=plan.study) == []


def test_a_record_that_cannot_be_read_is_left_out(plan, tmp_path):
    store = Store.open(tmp_path / "store")
    record_plan(store, plan.study, to_document(plan))
    (record,) = (store.root / "studies").iterdir()
    record.write_text(record.read_text()[:-9])
    put(store, plan.roles["dense/s0/l0/train"])
    assert needed_elsewhere(store, plan.roles["dense/s0/l0/train"]) == []


def test_numbers_in_their_units(plan):
    scalars = {"test_error": 0.0278, "test_loss": 0.5, "train_error": 0.0, "train_loss": 0.25, "update": 6}
    task = plan.roles["dense/s0/l0/train"]
    read = number_lines(scalars, [target for target in plan.targets if target.task == task])
    assert [line.split(maxsplit=1) for line in read] == [
        ["test/accuracy", "97.22 %"], ["test/loss", "0.5"], ["train/accuracy", "100 %"], ["train/loss", "0.25"]
    ]  # fmt: skip
    assert number_lines(scalars, [])[0].split(maxsplit=1) == ["test_error", "2.78%"]
    mask = {"density": 0.25, "surviving": 12550, "prunable": 50200, "layers": {"a.weight": [1250, 5000]}}
    assert [line.split("  ")[-1].strip() for line in number_lines(mask, [])] == [
        "25.0%", "12,550", "50,200", "1,250 of 5,000"
    ]  # fmt: skip
    assert number_lines({f"n{place}": place for place in range(20)}, [])[-1] == "and 8 more (--format json)"


def test_what_a_result_of_another_form_says(plan):
    task = plan.roles["dense/s0/l0/train"]
    assert number_lines({"test_error": "no number"}, [target for target in plan.targets if target.task == task])
    assert numerics_line({}) == numerics_line({"numerics": 3}) == ""
    numerics = {"device": "cpu", "cpu": "AMD EPYC", "threads": 1, "torch": "2.15.0", "deterministic": True}
    line = numerics_line({"host": "laptop", "numerics": numerics})
    assert line == "on cpu of laptop (AMD EPYC, 1 thread), torch 2.15.0, deterministic"
    numerics |= {"layout": "channels-last", "graphed": True, "shrunk": True, "together": 8, "stacked": 1}
    line = numerics_line({"numerics": numerics})
    assert line == (
        "on cpu (AMD EPYC, 1 thread), torch 2.15.0, channels last, deterministic, as CUDA graphs, without dead units, "
        "8 trainings as one program"
    )
    assert "points" not in line and "program" not in numerics_line({"numerics": numerics | {"together": "many"}})
