"""Files that are kept until they are used, on real trainings of seven updates."""

import errno
import os

from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.engine.execute import execute
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store, driving
from lmcspec_runners.inline import InlineRunner

STUDY = (
    SEVEN_UPDATES
    + """
[networks]
imp = [{ data = "real", rounds = 1, rewind = "2it" }]
[measures]
accuracy = {}
stability = { at = ["rewind", "4it"], levels = ["dense", "last"], points = 3 }
"""
)


def run(store: Store, *sets: str):
    plan = plan_of(STUDY, *sets)
    return plan, execute(outlook(plan, store), store, InlineRunner())


def test_ends_of_copies_go_once_their_paths_are_there(tmp_path):
    store = Store.open(tmp_path)
    plan, _ = run(store)
    dropped = {plan.tasks[task].label for task in store.dropped(plan.tasks)}
    assert dropped == {
        "imp/s0/l0/copy1",
        "imp/s0/l0/train until 4",
        "imp/s0/l0/k=4 copy0",
        "imp/s0/l0/k=4 copy1",
        "imp/s0/l1/copy1",
        "imp/s0/l1/train until 4",
        "imp/s0/l1/k=4 copy0",
        "imp/s0/l1/k=4 copy1",
    }
    # The rewind state serves levels that nobody has asked for yet.
    kept = plan.roles["imp/s0/l0/train until 2"]
    assert kept not in store.dropped([kept])


def test_a_further_copy_makes_what_it_needs_again_and_the_same_comes_out(tmp_path):
    store = Store.open(tmp_path)
    plan, _ = run(store)
    before = {task: store.find(task).digest for task in plan.tasks}
    grown, summary = run(store, "measures.stability.copies=3")
    assert not summary.failed
    assert {task: store.find(task).digest for task in plan.tasks} == before
    assert outlook(grown, store).diff.nothing_to_do


def test_nothing_goes_while_another_driver_is_at_work_and_the_next_run_clears_up(tmp_path):
    store = Store.open(tmp_path)
    with driving(store):
        plan, _ = run(store)
        assert not store.dropped(plan.tasks)
    run(store, "measures.stability.at=['rewind']", "replicates=2", "measures.accuracy.copies=2")
    _, _ = run(store, "replicates=2")
    assert {plan.tasks[task].label for task in store.dropped(plan.tasks)} >= {"imp/s0/l1/copy1", "imp/s0/l0/k=4 copy0"}


def test_what_can_t_be_dropped_hides_no_results(tmp_path, monkeypatch):
    tried = []

    def refuse(self, identifier):
        tried.append(identifier)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Store, "drop_outputs", refuse)
    _, summary = run(Store.open(tmp_path))
    assert tried
    assert not summary.failed
