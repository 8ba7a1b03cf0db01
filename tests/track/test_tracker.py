"""The thread that tells a server about a run: it is never in the way, whatever the server does."""

import contextlib
import threading
import time

import pytest
from server_for_tests import FakeMlflow
from tracked_for_tests import plan_of, tracker_of

from lmcspec.engine.execute import Origin, execute
from lmcspec.plan.outlook import outlook
from lmcspec.plan.planned_study import read_study
from lmcspec.store import Store
from lmcspec.track import tracker as module
from lmcspec.track.troubles import RefusedError, UnreachableError
from lmcspec_runners.inline import InlineRunner


def run_tracked(spec, store, tracker):
    study = read_study(spec, [], store)
    plan = study.plan
    said: list[str] = []
    with tracker.following(plan, said.append):
        execute(outlook(plan, store), store, InlineRunner(), origins={study.plan.study: Origin(study.resolved)})
    return said


def test_what_was_told_during_a_run_is_what_is_told_after_it(spec, tmp_path, mlflow, monkeypatch):
    store = Store.open(tmp_path / "store")
    tracker = tracker_of(store)
    run_tracked(spec, store, tracker)
    assert not tracker.trouble and not tracker.unsent(plan_of(spec, store))
    after = FakeMlflow()
    monkeypatch.setattr(module, "Server", after.connect)
    again = module.Tracker(store, "http://another.server", tracker._reporter)
    again.sync()
    assert mlflow.state == after.state and len(mlflow.of("train")) > 10


def test_a_server_that_hangs_is_left_alone(store, spec, monkeypatch):
    hangs = threading.Event()
    monkeypatch.setattr(module, "PATIENCE", 0.4)
    monkeypatch.setattr(module, "Server", lambda *means: (means[-1](), hangs.wait(30)))
    tracker = tracker_of(store)
    begun = time.monotonic()
    with tracker.following(plan_of(spec, store), lambda line: None):
        pass
    hangs.set()
    assert time.monotonic() - begun < 5 and "does not answer" in tracker.trouble


def test_mlflow_that_takes_long_to_load_is_no_server_that_hangs(store, spec, mlflow, monkeypatch):
    """As on a machine that has much else to do when a run is over."""
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    monkeypatch.setattr(module, "Server", lambda *means: (time.sleep(0.2), mlflow.connect(*means))[1])
    tracker = tracker_of(store)
    with tracker.following(plan_of(spec, store), lambda line: None):
        pass
    assert not tracker.trouble and not tracker.unsent(plan_of(spec, store)) and mlflow.runs


def test_ctrl_c_while_the_rest_is_sent_leaves_it_to_sync(store, spec, monkeypatch):
    hangs = threading.Event()
    monkeypatch.setattr(module, "Server", lambda *_: hangs.wait(30))

    def interrupt(self, timeout=None):
        raise KeyboardInterrupt

    tracker = tracker_of(store)
    with monkeypatch.context() as patch, tracker.following(plan_of(spec, store), lambda line: None):
        patch.setattr(threading.Thread, "join", interrupt)
        tracker._wait(threading.current_thread(), lambda line: None)
    hangs.set()
    assert "not everything was sent" in tracker.trouble or "does not answer" in tracker.trouble


def test_a_server_that_comes_back_is_told_what_it_missed(spec, tmp_path, mlflow, monkeypatch):
    monkeypatch.setattr(module, "WAITS", (0.05, 0.1))
    monkeypatch.setattr(module, "TICK", 0.01)
    mlflow.fails = dict.fromkeys(range(5, 12), "before") | dict.fromkeys(range(30, 36), "after")
    store = Store.open(tmp_path / "store")
    tracker = tracker_of(store)
    run_tracked(spec, store, tracker)
    while tracker.unsent():
        with contextlib.suppress(UnreachableError):
            tracker.sync()
    assert [one.tags["lmcspec.role"] for one in mlflow.runs.values() if one.status != "FINISHED"] == []
    assert len({one.tags["lmcspec.role"] for one in mlflow.runs.values()}) == len(mlflow.runs)


@pytest.mark.parametrize("error", [UnreachableError("away"), RefusedError("no"), ValueError("a fault of ours")])
def test_no_trouble_of_tracking_is_the_run_s(store, spec, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(module, "Server", fail)
    tracker = tracker_of(store)
    with tracker.following(plan_of(spec, store), lambda line: None):
        pass
    assert str(error) in tracker.trouble


def test_two_writers_are_never_at_work_at_once(store, spec, mlflow, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    first, second = tracker_of(store), tracker_of(store)
    with first._writer(1.0), pytest.raises(UnreachableError, match="another process"):
        second.sync()
    second.sync()
    assert not second.unsent()
