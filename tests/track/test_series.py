"""Which series runs are current as a study changes: another learning rate, more rounds, a measure more, and back."""

import json

from tracked_for_tests import plan_of, run, tracker_of

from lmcspec.track import view
from lmcspec.track.series import SUPERSEDED

RATE = ("--set", "recipes.real.optimiser.lr=0.2")


def current(mlflow):
    return {run.name: run for run in mlflow.of("series") if run.tags["lmcspec.current"] == "true"}


def test_another_learning_rate_makes_new_series_and_puts_the_old_away(store, spec, mlflow):
    tracker_of(store).sync()
    before = current(mlflow)
    run(spec, store.root, *RATE)
    tracker_of(store).sync()
    now = current(mlflow)
    assert now.keys() == before.keys() and all(now[name] is not before[name] for name in now)
    assert {one.params["recipe.lr"] for one in now.values()} == {"0.2"}
    for name, old in before.items():
        assert (old.name, old.tags["lmcspec.current"]) == (name + SUPERSEDED, "false")
        assert mlflow.runs[old.tags["mlflow.parentRunId"]].tags["lmcspec.kind"] == "invocation", "off the chart"
    assert all("mlflow.parentRunId" not in one.tags for one in now.values())


def test_back_to_the_old_rate_nothing_runs_and_the_old_series_are_current_again(store, spec, mlflow):
    tracker_of(store).sync()
    before = current(mlflow)
    run(spec, store.root, *RATE)
    tracker_of(store).sync()
    plan = plan_of(spec, store)
    assert tracker_of(store).unsent(plan)
    tracker_of(store).sync(plan)
    now = current(mlflow)
    assert now == before and all("mlflow.parentRunId" not in one.tags for one in now.values())
    assert not tracker_of(store).unsent(plan)
    assert {one.status for one in mlflow.runs.values()} == {"FINISHED"}


def test_more_rounds_measures_and_replicates_extend_the_series(store, spec, mlflow):
    tracker_of(store).sync()
    before = current(mlflow)
    more = ("networks.imp[0].rounds=3", "measures.stability.at=[0]", "replicates=3")
    run(spec, store.root, *(word for one in more for word in ("--set", one)))
    tracker_of(store).sync()
    now = current(mlflow)
    assert {name: now[name] for name in before} == before and now.keys() - before == {"dense/s2", "imp/s2"}
    assert set(now["imp/s0"].series("test/accuracy")) == {0, 1, 2, 3}
    assert all(len(values) == 1 for values in now["imp/s0"].series("test/accuracy").values())


def test_another_number_for_the_same_point_is_another_line(store, spec, mlflow):
    tracker_of(store).sync()
    before = current(mlflow)
    run(spec, store.root, "--set", "measures.stability.points=5")
    tracker_of(store).sync()
    now = current(mlflow)
    for name, line in now.items():
        changed = line is not before[name]
        assert all(len(values) == 1 for metric in ("lmc/instability k0",) for values in line.series(metric).values())
        assert changed == (before[name].tags["lmcspec.current"] == "false")
    assert any(now[name] is not before[name] for name in now), "some maximum moved with the points"


def test_a_study_of_which_everything_is_there_already_has_its_series(store, spec, mlflow, tmp_path):
    """All was run by another study: no task run is made, and the lines are there."""
    tracker_of(store).sync()
    tasks = len(mlflow.runs) - len(mlflow.of("series"))
    other = tmp_path / "other.toml"
    other.write_text(spec.read_text().replace('study = "tracked"', 'study = "other"'))
    plan = plan_of(other, store)
    tracker_of(store).sync(plan)
    own = [one for one in mlflow.of("series") if one.experiment == "other"]
    assert sorted(one.name for one in own) == ["dense/s0", "dense/s1", "imp/s0", "imp/s1"]
    assert len(mlflow.runs) - len(mlflow.of("series")) == tasks
    assert own[0].metrics and not tracker_of(store).unsent(plan)


def test_an_experiment_opens_on_its_headline_numbers(store, mlflow):
    tracker_of(store).sync()
    shown = mlflow.experiments["tracked"][view.TAG]
    found = json.loads(shown)["compareRunCharts"]
    assert {name for one in found for name in one["selectedMetricKeys"]} == {
        *("test/accuracy", "test/loss", "train/accuracy", "train/loss", "mask/sparsity"),
        *(
            f"lmc/{what} {k}{split}{floor}"
            for what in ("instability", "barrier")
            for k in ("k0", "k3it")
            for split in ("", " train")
            for floor in ("", " floor")
        ),
    }
    charts = [one["metricKey"] for one in found]
    assert charts[:3] == ["test/accuracy", "lmc/instability k0", "lmc/instability k3it"]
