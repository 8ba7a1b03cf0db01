"""Curves are read a piece at a time, however long their files are."""

import itertools
import json
import time
from types import SimpleNamespace

import pytest
from server_for_tests import FakeMlflow
from tracked_for_tests import Quick, tracker_of

from lmcspec.store import Store, invocations, layout
from lmcspec.track import Ledger, curves, follow, tracker
from lmcspec.track.curves import PIECE, grown
from lmcspec.track.looks import CURVES_EVERY

TASK = "a" * 64


def write(store, attempt, steps, task=TASK):
    path = layout.attempt_folder(store.root, task, attempt) / layout.METRICS
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        for step in steps:
            file.write(json.dumps({"name": "loss/train", "value": step / 7, "step": step, "at": 5.0}) + "\n")
    return path


def test_a_long_file_comes_in_pieces_that_go_on_from_each_other(tmp_path):
    store, attempts = Store.open(tmp_path / "store"), ("1" * 32, "2" * 32)
    ends = [write(store, attempts[0], range(2 * PIECE + 5)), write(store, attempts[1], range(3))]
    with Ledger(tmp_path / "ledger") as ledger:
        pieces = grown(TASK, None, store, ledger)
        first = next(pieces)
        ledger.move_all(first.offsets)
        rest = list(grown(TASK, None, store, ledger))
        assert [len(piece.points) for piece in (first, *rest)] == [PIECE, PIECE, 5, 3]
        values = [point.value for piece in (first, *rest) for point in piece.points]
        assert values == [step / 7 for steps in (2 * PIECE + 5, 3) for step in range(steps)]
        for piece in rest:
            ledger.move_all(piece.offsets)
        assert list(grown(TASK, None, store, ledger)) == []
        names = [f"metrics/{TASK}/{attempt}" for attempt in attempts]
        assert [ledger.offset(name) for name in names] == [path.stat().st_size for path in ends]
        write(store, attempts[1], [3])
        ((points, _),) = grown(TASK, None, store, ledger)
        assert [point.step for point in points] == [3]


def test_what_is_told_in_pieces_is_the_same(store, mlflow, monkeypatch):
    def three(root, path, begin, shape):
        """However long the small trainings took, their curves have three points."""
        return iter([(n, {"name": "loss/train", "value": n / 7, "step": n, "at": 5.0}) for n in (1, 2, 3) if n > begin])

    monkeypatch.setattr(curves, "lines", three)
    tracker_of(store).sync()
    whole = FakeMlflow()
    monkeypatch.setattr(tracker, "Server", whole.connect)
    monkeypatch.setattr(curves, "PIECE", 1)
    tracker.Tracker(store, "http://another.server", Quick()).sync()
    assert whole.state == mlflow.state and whole.requests > mlflow.requests


@pytest.mark.parametrize(("event", "status"), [("failed", "FAILED"), ("interrupted", "KILLED")])
def test_a_running_task_s_curve_is_told_now_and_then_and_whole_once_it_is_over(
    store, mlflow, monkeypatch, event, status
):
    now = [1.0]
    monkeypatch.setattr(follow, "time", SimpleNamespace(**vars(time) | {"monotonic": lambda: now[0]}))
    (invocation,) = invocations(store)
    journal = invocation.path / "events.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    task = next(json.loads(line)["task"] for line in lines if '"started"' in line)
    cut = next(place for place, line in enumerate(lines) if '"started"' in line and task in line)
    journal.write_text("".join(lines[: cut + 1]))
    store.discard(task)
    steps = itertools.count(1)

    def told(seconds, *more):
        """The status and the steps that are told so many seconds later, after another point of the training."""
        now[0] += seconds
        write(store, "b" * 32, [next(steps)], task)
        with journal.open("a") as file:
            file.writelines(f"{json.dumps(each)}\n" for each in more)
        shipper.all()
        (run,) = [run for run in mlflow.of("train") if run.tags["lmcspec.task_id"] == task]
        return run.status, sorted(step for _, _, _, step in run.metrics)

    ends = {"event": event, "at": time.time(), "task": task, "reason": "memory", "message": "too little", "log": ""}
    with tracker_of(store)._writer(1.0) as shipper:
        assert told(0) == ("RUNNING", [1])
        assert told(CURVES_EVERY - 1) == ("RUNNING", [1])
        assert told(2) == ("RUNNING", [1, 2, 3])
        assert told(1) == ("RUNNING", [1, 2, 3])
        notes = shipper.ledger._database.total_changes
        shipper.all()
        assert shipper.ledger._database.total_changes == notes, "nothing has come, and nothing is noted"
        assert told(0.1, ends) == (status, [1, 2, 3, 4, 5])
