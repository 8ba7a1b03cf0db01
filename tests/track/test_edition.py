"""What an earlier lmcspec told, completed: noise floors, as that of before them would have left the server."""

import pytest
from tracked_for_tests import plan_of, run, tracker_of

from lmcspec.report import tidy
from lmcspec.track import edition
from lmcspec.track.wanted import Wanted

RATE = ("--set", "recipes.real.optimiser.lr=0.2")


@pytest.fixture
def earlier(monkeypatch):
    """What is told in its block is told as by a version that knew no floors and noted no edition."""
    honest = Wanted.points

    def without_floors(self, rows, results):
        return {
            run: [one for one in points if not one.chart.beside] for run, points in honest(self, rows, results).items()
        }

    with monkeypatch.context() as patched:
        patched.setattr(Wanted, "points", without_floors)
        patched.setattr(edition, "EDITION", "")
        yield patched


def current(mlflow):
    return {one.name: one for one in mlflow.of("series") if one.tags["lmcspec.current"] == "true"}


def floors(mlflow):
    return {
        (name, level): values
        for name, one in current(mlflow).items()
        for level, values in one.series("lmc/instability k0 floor").items()
    }


def expected(plan, store):
    return {
        (f"{row.network}/s{row.replicate}", row.level): {row.floor}
        for row in tidy(plan, store)
        if (row.measure, row.metric.name, row.at_updates) == ("stability", "instability/test", 0)
        and row.floor is not None
    }


def test_sync_sends_what_is_missing_and_no_more(store, spec, mlflow, earlier):
    tracker_of(store).sync()
    assert floors(mlflow) == {}
    earlier.undo()
    runs, plan = dict(current(mlflow)), plan_of(spec, store)
    assert tracker_of(store).unsent() and tracker_of(store).unsent(plan)
    assert tracker_of(store).sync()
    assert floors(mlflow) == expected(plan, store) != {}
    assert current(mlflow) == runs and {one.status for one in mlflow.runs.values()} == {"FINISHED"}
    accuracies = [one.series("test/accuracy") for one in runs.values()]
    assert all(len(values) == 1 for one in accuracies for values in one.values()), "and nothing twice"
    assert not tracker_of(store).unsent()
    assert not tracker_of(store).sync()


def test_what_only_a_plan_can_tell_is_for_its_next_run(store, spec, mlflow, earlier):
    """Back at the old rate nothing ran: the latest invocation is of series that were put away."""
    tracker_of(store).sync()
    run(spec, store.root, *RATE)
    plan = plan_of(spec, store)
    tracker_of(store).sync(plan)
    earlier.undo()
    before = current(mlflow)
    tracker = tracker_of(store)
    tracker.sync()
    assert (current(mlflow), tracker.reopened, floors(mlflow)) == (before, ["tracked"], {})
    assert tracker.unsent(plan)
    tracker.sync(plan)
    assert (current(mlflow), tracker.reopened, floors(mlflow)) == (before, [], expected(plan, store))


def test_a_study_told_today_is_complete(store, spec, mlflow):
    plan = plan_of(spec, store)
    tracker_of(store).sync(plan)
    assert floors(mlflow) == expected(plan, store)
    requests = mlflow.writes
    assert not tracker_of(store).sync(plan)
    assert mlflow.writes == requests
