"""The ledger against what is there: what a server has lost is told again, what a person deleted is left alone."""

import contextlib
import copy
import itertools
import sqlite3

import pytest
from server_for_tests import FakeMlflow, Run
from tracked_for_tests import plan_of, run, tracker_of

from lmcspec.store import Store
from lmcspec.track import tracker as module
from lmcspec.track.evidence import SUBJECT, TWICE, ServerRun, by_subject, glance, mark_of, surplus
from lmcspec.track.telling import telling
from lmcspec.track.troubles import ChangedError, UnreachableError


@pytest.fixture
def told(store, mlflow):
    """A store all of which has been told, and what the server has then."""
    tracker_of(store).sync()
    return copy.deepcopy(mlflow.state)


def put_back(mlflow, before):
    mlflow.runs, mlflow.experiments = copy.deepcopy(before)


def test_a_server_that_was_emptied_is_told_all_again(store, mlflow, told, caplog):
    put_back(mlflow, ({}, {}))
    assert tracker_of(store).sync()
    assert mlflow.state == told
    assert "its experiment is gone" in caplog.text


def test_an_experiment_without_its_runs_is_filled_again(store, mlflow, told, caplog):
    mlflow.runs.clear()
    tracker_of(store).sync()
    assert mlflow.state == told
    assert "runs are gone" in caplog.text


def test_a_single_run_that_is_gone_is_there_again(store, mlflow, told):
    for kind in ("series", "train", "invocation"):
        lost = next(one for one, found in mlflow.runs.items() if found.tags["lmcspec.kind"] == kind)
        del mlflow.runs[lost]
    tracker_of(store).sync()
    # A task names its parent and a report its runs by ids, which are readable in the state.
    assert [one[0] for one in mlflow.state] == [one[0] for one in told]
    assert mlflow.state == told


@pytest.mark.parametrize("stop", [3, 30, 60])
def test_a_server_put_back_from_an_earlier_copy(store, spec, monkeypatch, stop):
    """A copy made in the middle of the telling, when some runs had half of what they have in the end."""
    mlflow = FakeMlflow()
    monkeypatch.setattr(module, "Server", mlflow.connect)
    mlflow.fails = {stop: "before"}
    with pytest.raises(UnreachableError):
        tracker_of(store).sync()
    earlier = copy.deepcopy((mlflow.runs, mlflow.experiments))
    tracker_of(store).sync()
    whole = copy.deepcopy(mlflow.state)
    put_back(mlflow, earlier)
    assert tracker_of(store).sync()
    assert mlflow.state == whole


def test_one_put_back_from_before_more_was_run(store, spec, mlflow, told):
    yesterday = copy.deepcopy((mlflow.runs, mlflow.experiments))
    run(spec, store.root, "--set", "replicates=3")
    tracker_of(store).sync()
    today = copy.deepcopy(mlflow.state)
    assert today != told
    put_back(mlflow, yesterday)
    tracker_of(store).sync()
    assert mlflow.state == today


def test_one_put_back_from_before_a_number_changed_has_no_line_that_is_two(store, spec, mlflow, told):
    yesterday = copy.deepcopy((mlflow.runs, mlflow.experiments))
    run(spec, store.root, "--set", "measures.stability.points=5")
    tracker_of(store).sync()
    put_back(mlflow, yesterday)
    tracker_of(store).sync()
    for one in mlflow.of("series"):
        assert all(
            len(values) == 1
            for name in {row[0] for row in one.metrics}
            if not name.startswith("final/")
            for values in one.series(name).values()
        )


def test_what_a_person_deleted_is_left_with_a_word(store, mlflow, told, caplog):
    victims = [found for found in mlflow.runs.values() if found.tags["lmcspec.kind"] in ("path", "series")][:3]
    for one in victims:
        one.deleted = True
    mlflow.writes = 0
    tracker = tracker_of(store)
    assert not tracker.sync() and not mlflow.writes
    assert sorted(tracker.left) == sorted(one.tags[SUBJECT] for one in victims)
    assert "3 runs of tracked were deleted in MLflow and are left alone" in caplog.text
    caplog.clear()
    tracker_of(store).sync()
    assert not caplog.text, "said once"


def test_more_runs_beside_what_was_deleted(store, spec, mlflow, told):
    (victim,) = [found for found in mlflow.runs.values() if found.name == "imp/s0"]
    victim.deleted = True
    before = copy.deepcopy(victim)
    run(spec, store.root, "--set", "replicates=3")
    tracker = tracker_of(store)
    tracker.sync()
    assert victim == before and not tracker.untold
    assert "imp/s2" in {found.name for found in mlflow.of("series")}
    assert len([found for found in mlflow.runs.values() if found.name == "imp/s0"]) == 1, "and none in its place"


def test_what_was_deleted_and_then_lost_is_left(store, mlflow, told):
    """`mlflow gc` takes away what was deleted."""
    victim = next(one for one, found in mlflow.runs.items() if found.tags["lmcspec.kind"] == "train")
    mlflow.runs[victim].deleted = True
    tracker_of(store).sync()
    del mlflow.runs[victim]
    assert not tracker_of(store).sync()
    assert victim not in mlflow.runs


def test_what_was_deleted_and_restored_is_told_what_it_missed(store, spec, mlflow, told):
    victim = mlflow.by_name("imp/s0")
    victim.deleted = True
    run(spec, store.root, "--set", "networks.imp.0.rounds=3")
    tracker_of(store).sync()
    assert 3 not in victim.series("test/accuracy")
    victim.deleted = False
    tracker_of(store).sync()
    assert 3 in victim.series("test/accuracy")


def test_an_experiment_that_a_person_deleted_is_left(store, mlflow, told, spec, caplog):
    mlflow.deleted.add("tracked")
    mlflow.writes = 0
    tracker = tracker_of(store)
    assert not tracker.sync() and not mlflow.writes
    assert "experiment 'tracked' has been deleted" in tracker.untold
    run(spec, store.root, "--set", "replicates=3")
    tracker.sync()
    assert not mlflow.writes and "has been deleted in MLflow" in tracker.untold
    mlflow.deleted.clear()
    restored = tracker_of(store)
    assert restored.sync() and not restored.untold
    assert "imp/s2" in {found.name for found in mlflow.of("series")}


@pytest.mark.parametrize(("kind", "passes"), [("train", False), ("series", False), ("invocation", True)])
def test_required_tracking_fails_while_a_person_has_deleted_runs_of_the_plan(store, spec, mlflow, told, kind, passes):
    identifier, victim = next(one for one in mlflow.runs.items() if one[1].tags["lmcspec.kind"] == kind)
    victim.deleted = True
    fails = contextlib.nullcontext() if passes else pytest.raises(UnreachableError, match="are left alone")
    said: list[str] = []
    how = {"running": False, "required": True, "say": said.append}
    with fails as failed, telling(tracker_of(store), plan_of(spec, store), **how):
        pass
    if failed is not None:
        assert failed.value.exit_code == 6
        assert failed.value.help == f"mlflow runs restore --run-id {identifier}, then lmcspec sync"


def test_a_server_that_keeps_nothing_is_an_error(store, monkeypatch):
    class Forgetful(FakeMlflow):
        def connect(self, *given):
            self.runs.clear()
            server = super().connect(*given)
            held = server.held
            server.held = lambda study, known: (self.runs.clear(), held(study, known))[1]
            return server

    monkeypatch.setattr(module, "Server", Forgetful().connect)
    with pytest.raises(ChangedError, match="does not keep what it is told"):
        tracker_of(store).sync()


def test_a_result_that_came_by_another_study_is_new_to_the_server(store, spec, mlflow, told):
    """All is reused, nothing runs: the numbers are in no journal of this study."""
    plan = plan_of(spec, store)
    tracker_of(store).sync(plan)
    assert not tracker_of(store).unsent(plan)
    target = next(one.task for one in plan.targets if one.measure == "accuracy" and one.network == "imp")
    folder = next((store.root / "objects").glob(f"*/{target}"))
    folder.rename(store.root / "elsewhere")
    assert tracker_of(store).unsent(plan)


def test_what_only_a_plan_can_tell_is_said_to_be_missing(store, spec, mlflow, told):
    other = plan_of(spec, store, 'measures.accuracy.levels=["last"]')
    tracker_of(store).sync(other)
    put_back(mlflow, ({}, {}))
    tracker = tracker_of(store)
    tracker.sync()
    assert tracker.reopened == ["tracked"]
    tracker.sync(other)
    assert tracker.reopened == []


def test_of_two_runs_with_one_subject_the_older_that_nobody_deleted():
    new, old, gone = ServerRun("new", False, ""), ServerRun("old", False, ""), ServerRun("gone", True, "")
    assert by_subject([("a", new), ("a", old), ("a", gone)])["a"] is old
    assert by_subject([("a", gone), ("a", new)])["a"] is new
    assert by_subject([("a", gone)])["a"] is gone


def test_of_two_that_a_server_made_for_one_subject_the_one_that_is_known_or_was_told_something():
    blank, told, deleted = ServerRun("1", False, "", True), ServerRun("2", False, ""), ServerRun("3", True, "", True)
    for runs in itertools.permutations([("a", blank), ("a", told), ("a", deleted)]):
        assert by_subject(runs)["a"] is told and surplus(runs, by_subject(runs)) == ("1",)
        assert by_subject(runs, {"1"})["a"] is blank and surplus(runs, {"a": blank}) == (), (
            "it may hold what is not told"
        )
        assert by_subject(runs, {"3"})["a"] is told
    renamed = [(f"{TWICE}1", blank), ("a", told)]
    assert by_subject(renamed) == {"a": told} and surplus(renamed, {"a": told}) == ("1",)


def test_a_run_that_the_server_made_twice_is_there_once(store, mlflow, told):
    """Carried out long after it was given up: nobody is told of it until all is looked through."""
    for kind in ("series", "train", "invocation"):
        original = next(found for found in mlflow.runs.values() if found.tags["lmcspec.kind"] == kind)
        twin = Run(original.experiment, original.name, original.started, dict(original.tags))
        # Before it or after it: the two have the same start.
        mlflow.runs = (
            {f"twin of {kind}": twin, **mlflow.runs} if kind == "train" else {**mlflow.runs, f"twin of {kind}": twin}
        )
    assert not tracker_of(store).sync(), "of all others it was told"
    assert all(found.deleted == name.startswith("twin of") for name, found in mlflow.runs.items())
    mlflow.runs = {name: found for name, found in mlflow.runs.items() if not found.deleted}
    assert mlflow.state == told


def test_what_a_person_wrote_into_is_no_run_that_was_made_twice(store, mlflow, told):
    original = mlflow.by_name("imp/s0")
    mlflow.runs["copy"] = Run(original.experiment, original.name, 0.0, dict(original.tags), params={"mine": "1"})
    tracker_of(store).sync()
    assert not mlflow.runs["copy"].deleted


# In a file of MLflow's, as it is read without MLflow


TABLES = """
CREATE TABLE experiments (experiment_id INTEGER, name TEXT, lifecycle_stage TEXT);
CREATE TABLE experiment_tags (key TEXT, value TEXT, experiment_id INTEGER);
CREATE TABLE runs (run_uuid TEXT, experiment_id INTEGER, lifecycle_stage TEXT, start_time INTEGER, status TEXT);
CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE latest_metrics (key TEXT, value REAL, run_uuid TEXT);
"""


def test_a_glance_at_a_file(tmp_path):
    store = Store.open(tmp_path / "store")
    path = tmp_path / "mlflow.db"
    assert glance(path, store, "one") is None and not path.exists()
    database = sqlite3.connect(path)
    database.executescript(TABLES)
    database.execute("INSERT INTO experiments VALUES (7, 'one', 'active')")
    database.execute("INSERT INTO experiment_tags VALUES (?, 'abc', 7)", (mark_of(store),))
    for run_, owner, stage, experiment in (
        ("a", store.id, "active", 7),
        ("b", store.id, "deleted", 7),
        ("c", "other", "active", 7),
        ("d", store.id, "active", 8),
    ):
        database.execute("INSERT INTO runs VALUES (?, ?, ?, 0, 'FINISHED')", (run_, experiment, stage))
        database.executemany(
            "INSERT INTO tags VALUES (?, ?, ?)", [("lmcspec.store", owner, run_), (SUBJECT, f"subject/{run_}", run_)]
        )
    database.commit()
    database.close()
    found = glance(path, store, "one")
    assert found and (found.experiment, found.deleted, found.mark) == ("7", False, "abc")
    assert found.runs == {"subject/a": ServerRun("a", False, ""), "subject/b": ServerRun("b", True, "")}
    assert glance(path, store, "two") is None
    path.write_text("no database")
    assert glance(path, store, "one") is None
