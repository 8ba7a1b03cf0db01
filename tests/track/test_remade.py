"""Results that are gone, or were made again, when a server is told what became of their tasks."""

import json

import pytest
from tracked_for_tests import plan_of, run, tracker_of

from lmcspec.store import invocations


@pytest.mark.parametrize("told_of_it", [False, True])
def test_a_task_that_is_done_and_whose_result_is_gone_is_over(store, spec, mlflow, told_of_it):
    """Told that it began, or of nothing: its end says that it was done."""
    (invocation,) = invocations(store)
    path = invocation.path / "events.jsonl"
    events = path.read_text().splitlines(keepends=True)
    task = next(json.loads(line)["task"] for line in events if '"finished"' in line)
    store.discard(task)
    if told_of_it:
        place = next(place for place, line in enumerate(events) if '"started"' in line and task in line)
        path.write_text("".join(events[: place + 1]))
        tracker_of(store).sync()
        assert [run.status for run in mlflow.of("train") if run.tags["lmcspec.task_id"] == task] == ["RUNNING"]
        path.write_text("".join(events))
    tracker_of(store).sync()
    (run_,) = [run for run in mlflow.runs.values() if run.tags.get("lmcspec.task_id") == task]
    assert (run_.status, run_.tags["lmcspec.outcome"]) == ("FINISHED", "gone") and run_.params["task"] == task[:10]
    assert {run.status for run in mlflow.runs.values()} == {"FINISHED"}
    run(spec, store.root)
    tracker_of(store).sync()
    assert (run_.status, run_.tags["lmcspec.outcome"]) == ("FINISHED", "ok")


def test_a_result_that_is_made_again_meanwhile_is_told_as_it_is_now(store, spec, mlflow, caplog):
    """By one writer, which has read and charted what was there before."""
    (train,) = [task for task in plan_of(spec, store).tasks.values() if task.label == "imp/s0/l2/train"]
    tracker = tracker_of(store)
    with tracker._writer(1.0) as shipper:
        shipper.all()
        before = store.find(train.id).record
        store.discard(train.id)
        run(spec, store.root)
        after = store.find(train.id).record
        shipper.all()
    assert before["attempt"] != after["attempt"] and before["seconds"] != after["seconds"]
    (run_,) = [run for run in mlflow.of("train") if run.tags["lmcspec.task_id"] == train.id]
    assert run_.series("final/seconds") == {0: {before["seconds"], after["seconds"]}}
    moments = {at for name, _, at, _ in run_.metrics if name == "train/loss"}
    lines = store.find(train.id).metrics.read_text().splitlines()
    assert {int(json.loads(line)["at"] * 1000) for line in lines} <= moments and "no curves" not in caplog.text
