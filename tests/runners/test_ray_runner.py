"""The runner `ray` against a stand-in for Ray: tasks run, wishes to stop arrive, what is closed begins anew."""

import logging
import threading

from fake_ray_for_tests import FakeRay, run, runner
from jobs_for_tests import Plan

from lmcspec.engine import messages
from lmcspec.engine.report import Report
from lmcspec.engine.runner import Lost, Ready, Reported
from lmcspec_runners import ray as ray_runner
from lmcspec_runners.ray_cluster import Cluster


def test_slots_are_as_many_as_the_cluster_holds_and_tasks_run(store, slots):
    ray = FakeRay()
    placing = runner(ray)
    assert [slot.device.kind for slot in placing.slots] == ["cpu"] * 3
    assert len({slot.device for slot in placing.slots}) == 2, "slots of one node share its memory"
    plan = Plan()
    tasks = [plan.add(value=value) for value in range(7)]
    summary, _ = run(plan, store, placing)
    assert set(summary.done) == set(tasks) and ray.down
    assert all(actor.dead for actor in ray.actors) and len(ray.actors) == 3
    for options in ray.asked:
        assert (options["num_cpus"], options["num_gpus"], options["max_restarts"], options["max_task_retries"]) == (
            1,
            0,
            0,
            0,
        )


def test_a_runner_that_was_closed_connects_again(store, slots, monkeypatch):
    """As a run does that has found damage, and mends it."""
    ray = FakeRay({"CPU": 1.0})
    placing = runner(ray, address="head:1")
    plan = Plan()
    first = plan.add(value=1)
    assert run(plan, store, placing)[0].done == (first,) and ray.down
    again = FakeRay({"CPU": 1.0})
    monkeypatch.setattr(ray_runner, "connected", lambda address, workers: Cluster(again, address, ours=True))
    second = plan.add(value=2)
    del plan.tasks[first]
    assert run(plan, store, placing)[0].done == (second,)
    assert len(again.actors) == 1 and again.down and len(ray.actors) == 1


def test_a_wish_to_stop_reaches_the_worker_once(store, slots):
    stopped, go = [], threading.Event()

    def work(self, order, seconds):
        go.wait(20)
        return messages.encode([Reported(0, Report("interrupted", 0.1)), Ready(0, 0)])

    def stop(self):
        stopped.append(1)
        go.set()

    slots.work, slots.stop = work, stop
    placing = runner(FakeRay({"CPU": 1.0}))
    plan = Plan()
    task = plan.add()
    placing.start()
    while not placing.poll(0.05):
        pass
    assert placing.submit(store, task, plan.payload(task), 0) == 0
    placing.stop()
    while not (happened := placing.poll(0.05)):
        pass
    assert happened[0].report.status == "interrupted" and stopped == [1]
    placing.close()


def test_a_second_wish_ends_the_worker(store, slots):
    slots.work = lambda self, order, seconds: threading.Event().wait(20)
    placing = runner(FakeRay({"CPU": 1.0}))
    plan = Plan()
    task = plan.add()
    placing.start()
    while not placing.poll(0.05):
        pass
    placing.submit(store, task, plan.payload(task), 0)
    placing.kill()
    while not (happened := placing.poll(0.05)):
        pass
    assert isinstance(happened[0], Lost) and happened[0].task
    placing.close()
    placing.close()


def test_a_long_wait_for_any_worker_is_told(slots, monkeypatch, caplog):
    slots.begin = lambda self: threading.Event().wait(20)
    monkeypatch.setattr(ray_runner, "ALONE", 0.05)
    placing = runner(FakeRay({"CPU": 1.0}))
    placing.start()
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            placing.poll(0.03)
    assert "no worker for" in caplog.text
    placing.close()
