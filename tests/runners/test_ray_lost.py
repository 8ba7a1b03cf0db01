# pyright: reportMissingImports=false
"""Actors and nodes that are gone, or say what they should not: a stand-in for Ray."""

import json

import pytest
from fake_ray_for_tests import Died, FakeRay, Slot, of, run, runner
from jobs_for_tests import Plan

from lmcspec.base.errors import BlockedError
from lmcspec.engine import events, messages
from lmcspec.engine.report import Report
from lmcspec.engine.runner import Lost, Ready, Reported
from lmcspec.store import layout
from lmcspec_runners import ray as ray_runner


def test_an_actor_that_dies_is_one_lost_worker_and_its_task_is_tried_again(store, slots):
    deaths = []

    def work(self, order, seconds):
        if not deaths:
            deaths.append(json.loads(order)["task"])
            raise Died("The node has died: terminated expectedly")
        return Slot.work(self, order, seconds)

    slots.work = work
    plan = Plan()
    tasks = [plan.add(value=value) for value in range(4)]
    summary, heard = run(plan, store, runner(FakeRay({"CPU": 1.0})))
    assert set(summary.done) == set(tasks)
    (retried,) = of(events.Retried, heard)
    assert retried.task.id == deaths[0] and retried.reason == "lost" and "node0: its node is gone" in retried.message


def test_an_idle_slot_of_a_node_that_is_gone_is_closed_before_it_gets_a_task(store, slots):
    """Else one task could be handed to one dead slot after the other until its tries are used up."""
    ray = FakeRay({"CPU": 3.0})
    placing = runner(ray)
    placing.start()
    ready = []
    while len(ready) < 3:
        ready += placing.poll(0.05)
    for actor in list(ray.actors):
        actor.die("The node has died")
    lost = []
    while len(lost) < 3:
        lost += [event for event in placing.poll(0.05) if isinstance(event, Lost)]
    assert not any(event.task for event in lost) and {event.slot for event in lost} == {0, 1, 2}
    while len(ready) < 6:
        ready += [event for event in placing.poll(0.05) if isinstance(event, Ready)]
    placing.close()


@pytest.mark.parametrize("named", ["/etc", "../../../../etc", "/etc/{task}/{name}", "{task}/{name}", ""])
def test_a_worker_can_name_no_folder_but_an_attempt_of_the_store(store, slots, tmp_path, named):
    plan = Plan()
    task = plan.add()
    there = named.format(task=task, name="ab" * 16)
    placing = runner(FakeRay({"CPU": 1.0}))
    slots.work = lambda self, order, seconds: messages.encode(
        [Lost(0, True, "gone", there, ("last",)), Ready(0, 0)], there
    )
    placing.start()
    while not placing.poll(0.05):
        pass
    placing.submit(store, task, plan.payload(task), 0)
    while not (happened := placing.poll(0.05)):
        pass
    known = str(layout.attempt_folder(store.root, task, "ab" * 16)) if "{task}" in named else ""
    assert happened[0] == Lost(0, True, "gone", known, ("last",))
    placing.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense", 17, b'{"events": [{"event": "passed", "byproduct": "' + b"ab" * 32 + b'"}]}', b"x" * (2**24 + 1),
        messages.encode([Ready(0, 1), Reported(0, Report("done", 1.0)), Reported(0, Report("done", 1.0))]),
    ],
)  # fmt: skip
def test_a_worker_that_talks_nonsense_is_replaced(store, slots, answer):
    said = []

    def work(self, order, seconds):
        if not said:
            said.append(1)
            return answer
        return Slot.work(self, order, seconds)

    slots.work = work
    plan = Plan()
    task = plan.add(value=1)
    ray = FakeRay({"CPU": 1.0})
    summary, heard = run(plan, store, runner(ray))
    assert task in summary.done and len(ray.actors) == 2 and of(events.WorkerReplaced, heard)


def test_actors_that_never_come_up_are_an_error(store, slots):
    def begin(self):
        raise Died("no worker today")

    slots.begin = begin
    plan = Plan()
    plan.add()
    ray = FakeRay({"CPU": 1.0})
    with pytest.raises(
        BlockedError, match=r"4 workers in a row ended before they were ready, the last with: .*no worker today"
    ):
        run(plan, store, runner(ray))
    assert len(ray.actors) == ray_runner.TRIES == 4 and ray.down


def test_trouble_on_a_node_ends_the_run_with_its_words(store, slots):
    slots.work = lambda self, order, seconds: messages.encode_trouble("node0: another store there", "share the disk")
    plan = Plan()
    plan.add()
    with pytest.raises(BlockedError, match="node0: another store there") as caught:
        run(plan, store, runner(FakeRay({"CPU": 1.0})))
    assert caught.value.help == "share the disk"
