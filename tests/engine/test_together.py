"""Tasks that run as one program: each with a result of its own, whatever becomes of the program."""

import errno
import os

import pytest
from jobs_for_tests import Plan

from lmcspec import engine
from lmcspec.base.errors import StoreError
from lmcspec.catalog.runners.local import Local
from lmcspec.engine import Retries, attempted, events
from lmcspec.engine.attempted import Attempted
from lmcspec.engine.interrupts import RunInterrupted
from lmcspec.store import Store, failed_attempts, take
from lmcspec_runners.inline import InlineRunner
from lmcspec_runners.local import LocalRunner


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


def several(count, act="", path="", alike="like", **more):
    plan = Plan()
    return plan, [plan.add(act, value, kind="TOGETHER", path=path, alike=alike, **more) for value in range(count)]


def run(plan, store, runner=None):
    heard = []
    runner = runner or InlineRunner()
    summary = engine.run(plan.job(), store, runner, listeners=[heard.append], retries=Retries(first=0.001))
    return summary, heard


def of(kind, heard):
    return [event for event in heard if isinstance(event, kind)]


def sizes(store, tasks):
    return [store.find(task).scalars["of"] for task in tasks]


def assert_left_alone(store):
    assert not list(store.root.glob("leases/*.json")) and not list(store.root.glob("attempts/*/*"))


def test_as_many_as_pay_run_together_and_the_rest_after_them(store):
    plan, tasks = several(7)
    summary, heard = run(plan, store)
    assert set(summary.done) == set(tasks) and len(summary.done) == 7
    assert sizes(store, tasks) == [3, 3, 3, 3, 3, 3, 1]
    assert [store.find(task).scalars["total"] for task in tasks] == list(range(7))
    assert len(of(events.Finished, heard)) == 7 and len(of(events.Started, heard)) == 7 + len(
        of(events.WentBack, heard)
    )
    record = store.find(tasks[1]).record
    assert record["numerics"]["together"] == 3 and "memory" not in record
    assert record["seconds"] <= sum(event.seconds for event in of(events.Finished, heard)[:3]) + 1
    assert "memory" in store.find(tasks[6]).record
    assert all((store.find(task).out / "value.txt").read_text() == str(place) for place, task in enumerate(tasks[:6]))
    assert_left_alone(store)


def test_each_has_a_log_and_metrics_of_its_own(store):
    plan, tasks = several(3)
    run(plan, store)
    for task in tasks:
        folder = store.find(task).path
        assert "one of 3" in (folder / "log.txt").read_text()
        assert "train/loss" in (folder / "metrics.jsonl").read_text()


def test_those_that_are_not_alike_do_not(store):
    plan, tasks = several(2)
    other = plan.add("", 5, kind="TOGETHER", alike="other")
    plain = plan.add("", 6, kind="TOGETHER")
    run(plan, store)
    assert sizes(store, [*tasks, other, plain]) == [2, 2, 1, 1]


def test_where_it_does_not_pay_it_is_tried_once(store):
    plan, tasks = several(5, "apart")
    summary, heard = run(plan, store)
    assert sizes(store, tasks) == [1] * 5 and len(summary.done) == 5
    assert len(of(events.WentBack, heard)) == 4 and len(of(events.Started, heard)) == 9


@pytest.mark.parametrize("act", ["bug", "unfit"])
def test_a_program_that_fails_leaves_each_to_itself(store, act):
    """Only of a task alone it is known whose fault it is: an input is taken out for nobody."""
    plan, tasks = several(3, act)
    summary, _ = run(plan, store)
    assert set(summary.done) == set(tasks) and sizes(store, tasks) == [1, 1, 1]
    assert {failed.document["reason"] for task in tasks for failed in failed_attempts(store, task)} == {"interrupted"}


def test_a_stop_interrupts_all_and_keeps_their_checkpoints(store):
    plan, tasks = several(3, "stop")
    with pytest.raises(RunInterrupted) as interrupted:
        run(plan, store)
    summary = interrupted.value.summary
    assert set(summary.interrupted) == set(tasks) and not summary.failed
    assert len(list(store.root.glob("partial/*/checkpoint"))) == 3


def test_states_on_the_way_count_at_once(store):
    plan = Plan()
    states = [plan.passed(value) for value in (10, 20)]
    tasks = [plan.add("", value, kind="TOGETHER", alike="like", passes=(state,)) for value, state in enumerate(states)]
    after = [plan.add("", 5, kind="WRITE", needs=(state,)) for state in states]
    summary, _ = run(plan, store)
    assert set(summary.done) == {*tasks, *after}
    assert [store.find(task).scalars["total"] for task in after] == [15, 25]
    assert store.find(states[1]).record["passed_by"] == tasks[1]


def test_what_another_driver_has_or_is_doing_is_left_to_it(store):
    plan, tasks = several(3)
    other = Plan()
    done = other.add("", 0, kind="TOGETHER")
    assert done == tasks[0]
    run(other, store)
    lease = take(store, tasks[1])
    heard = []

    def let_go(event):
        heard.append(event)
        if isinstance(event, events.Waiting):
            lease.release()

    summary = engine.run(
        plan.job(), store, InlineRunner(), listeners=[let_go], retries=Retries(held_elsewhere=(0.01, 0.01))
    )
    assert set(summary.done) == {tasks[1], tasks[2]} and set(summary.reused) == {tasks[0]}
    assert len(of(events.Waiting, heard)) == 1


def test_a_runner_that_does_not_join_runs_each_by_itself(store):
    runner = InlineRunner()
    runner.joins = False
    plan, tasks = several(3)
    run(plan, store, runner)
    assert sizes(store, tasks) == [1, 1, 1]


def test_a_worker_that_dies_takes_nobody_with_it_for_good(store, tmp_path):
    """Both of the program are tried again: of four tasks that are ready each of two slots takes two at most."""
    plan, tasks = several(4, "once-exit", tmp_path / "mark")
    summary, heard = run(plan, store, LocalRunner(Local(workers=2)))
    assert set(summary.done) == set(tasks) and not summary.failed
    lost = [event for event in of(events.Retried, heard) if event.reason == "lost"]
    assert len(lost) == 2 and len({event.task.id for event in lost}) == 2
    assert not list(store.root.glob("leases/*.json"))


def test_a_task_that_ends_its_worker_each_time_fails_alone(store):
    """Those that were with it are tried by themselves: else it would take them along until all are given up."""
    plan, tasks = several(2)
    poison = plan.add("poison", 9, kind="TOGETHER", alike="like")
    tasks.append(plan.add("", 10, kind="TOGETHER", alike="like"))
    summary, _ = run(plan, store, LocalRunner(Local(workers=1)))
    assert set(summary.done) == set(tasks) and summary.failed == (poison,)


@pytest.mark.parametrize("number", [1, 2])
def test_a_disk_that_is_full_in_the_middle_of_commits_loses_nothing_that_was_committed(store, monkeypatch, number):
    commit, calls = Attempted.commit, []

    def full(self, finished):
        calls.append(self)
        if len(calls) == number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return commit(self, finished)

    monkeypatch.setattr(Attempted, "commit", full)
    plan, tasks = several(3)
    with pytest.raises(StoreError, match="no space is left"):
        run(plan, store)
    assert [store.find(task) is not None for task in tasks].count(True) == 2
    summary, _ = run(plan, store)
    assert len(summary.done) == 1 and len(summary.reused) == 2


def test_what_can_not_even_be_begun_leaves_the_others_to_themselves(store, monkeypatch):
    begin, calls = attempted.open_attempt, []

    def fails(store, task, lease):
        calls.append(task)
        if len(calls) == 2:
            raise RuntimeError("no attempt")
        return begin(store, task, lease)

    monkeypatch.setattr(attempted, "open_attempt", fails)
    plan, tasks = several(3)
    summary, _ = run(plan, store)
    assert set(summary.done) == set(tasks) and sizes(store, tasks) == [1, 1, 1]
