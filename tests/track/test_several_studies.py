"""One run of several studies is told as the runs of each: an experiment, an invocation and series of its own."""

from server_for_tests import FakeMlflow
from tracked_for_tests import SPEC, plan_of, tracker_of

from lmcspec.engine.execute import execute
from lmcspec.plan.outlook import outlook
from lmcspec.plan.together import together
from lmcspec.store import Store
from lmcspec.track import tracker as module
from lmcspec.track.evidence import SUBJECT
from lmcspec.track.telling import telling
from lmcspec_runners.inline import InlineRunner


def test_each_is_told_by_itself_and_a_task_once(spec, tmp_path, mlflow, monkeypatch):
    other = tmp_path / "other.toml"
    other.write_text(SPEC.replace('"tracked"', '"other"').replace("rounds = 2", "rounds = 3"))
    store = Store.open(tmp_path / "store")
    several = [plan_of(path, store) for path in (spec, other)]
    whole = together(several)
    tracker = tracker_of(store)
    with telling(tracker, whole, running=True, required=True, say=lambda line: None):
        summary = execute(outlook(whole, store), store, InlineRunner())
    assert not tracker.trouble and not tracker.unsent(whole)
    assert sorted(mlflow.experiments) == ["other", "tracked"]
    assert [run.experiment for run in mlflow.of("invocation")] == ["tracked", "other"]
    told = [run.tags[SUBJECT] for run in mlflow.runs.values() if run.tags.get(SUBJECT, "").startswith("task/")]
    assert sorted(told) == sorted(f"task/{whole.owner(task).study}/{task}" for task in summary.done)
    alone = [Store.open(tmp_path / plan.study) for plan in several]
    for plan, by_itself in zip(several, alone, strict=True):
        execute(outlook(plan, by_itself), by_itself, InlineRunner())
        series = {run.name: run for run in mlflow.of("series") if run.experiment == plan.study}
        again = FakeMlflow()
        monkeypatch.setattr(module, "Server", again.connect)
        tracker_of(by_itself).sync()
        theirs = {run.name: run for run in again.of("series")}
        assert series.keys() == theirs.keys() and series
        for name, run in series.items():
            assert {(key, value, step) for key, value, _, step in run.metrics} == {
                (key, value, step) for key, value, _, step in theirs[name].metrics
            }
