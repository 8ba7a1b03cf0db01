"""Descriptions on a server that lives in memory: told at each kind of run, kept up to date, never over a person's."""

import contextlib
import copy

import pytest
from server_for_tests import FakeServer
from tracked_for_tests import Quick, plan_of, run, tracker_of

from lmcspec.report import tracked as reporter
from lmcspec.track import Tracker, edition, noted, tracker
from lmcspec.track.about import About
from lmcspec.track.noted import KIND, NOTE, OURS
from lmcspec.track.reporter import REPORT
from lmcspec.track.troubles import RefusedError, UnreachableError


class Reporting:
    """A reporter that makes a report and nothing else."""

    rows = staticmethod(reporter.rows)

    def of_invocation(self, plan, store, runs, spec, command):
        yield REPORT, command.encode()

    def of_task(self, task, result):
        yield from ()


def saying(store, title, **more):
    said = {"tracked": About(title, **more)}
    return Tracker(store, "http://made.up", Quick(), abouts=said)


def test_all_that_is_told_says_what_it_is(store, mlflow):
    tracker_of(store, Reporting()).sync()
    (invocation,) = [identifier for identifier, run in mlflow.runs.items() if run.name.startswith("run ")]
    tags = mlflow.experiments["tracked"]
    assert tags[KIND] == "custom_model_development"
    assert f"(#/experiments/tracked/runs/{invocation}/artifacts/{REPORT}?" in tags[NOTE]
    assert "lmcspec run " in tags[NOTE] and "tracked.toml" in tags[NOTE]
    assert all(run.tags[NOTE] for run in mlflow.runs.values())


def test_another_title_is_told_though_nothing_has_to_run(store, spec, mlflow):
    plan = plan_of(spec, store)
    tracker_of(store).sync(plan)
    assert not saying(store, "").unsent(plan)
    later = saying(store, "Another title", source="A paper")
    assert later.unsent(plan)
    assert later.sync(plan)
    assert mlflow.experiments["tracked"][NOTE].startswith("Another title · ")
    writes = mlflow.writes
    assert not later.unsent(plan) and not tracker_of(store).unsent(plan)
    later.sync(plan)
    tracker_of(store).sync(plan)
    assert mlflow.writes == writes and mlflow.experiments["tracked"][NOTE].startswith("Another title · ")


@pytest.mark.parametrize("theirs", ["What I found", ""])
def test_what_a_person_has_written_or_emptied_stays(store, spec, mlflow, theirs):
    tracker_of(store).sync()
    mlflow.experiments["tracked"][NOTE] = theirs
    plan = plan_of(spec, store)
    saying(store, "Another title").sync(plan)
    run(spec, store.root, "--set", "recipes.real.optimiser.lr=0.2")
    tracker_of(store).sync()
    assert mlflow.experiments["tracked"][NOTE] == theirs


def test_a_note_and_a_kind_that_were_there_before_stay(store, mlflow):
    mlflow.experiments["tracked"] = {NOTE: "Mine", KIND: "genai_development"}
    tracker_of(store).sync()
    tags = mlflow.experiments["tracked"]
    assert (tags[NOTE], tags[KIND]) == ("Mine", "genai_development") and OURS not in tags


def test_wherever_it_is_cut_off_the_note_is_ours_and_the_latest(store, spec, mlflow, monkeypatch):
    plan = plan_of(spec, store)
    tracker_of(store).sync(plan)
    (ledger,) = (store.root / "tracking").glob("*.sqlite")
    noted_down = ledger.read_bytes()

    def told(number, then):
        """The note after another title, of whose telling the request of that number is cut off; and how many it took."""
        other = copy.deepcopy(mlflow)
        monkeypatch.setattr(tracker, "Server", other.connect)
        ledger.write_bytes(noted_down)
        other.requests, other.fails = 0, {number: then}
        later = saying(store, "Another title")
        with contextlib.suppress(UnreachableError):
            later.sync(plan)
        if other.requests == number:
            later.sync(plan)
        return other.experiments["tracked"][NOTE], other.requests

    whole, requests = told(0, "")
    assert whole.startswith("Another title · ") and requests > 5
    for number in range(1, requests + 1):
        for then in ("before", "after"):
            assert told(number, then)[0] == whole


def test_series_of_an_earlier_lmcspec_get_notes_and_the_reports_colours(store, mlflow, monkeypatch):
    monkeypatch.setattr(Quick, "of_invocation", Reporting.of_invocation)
    with monkeypatch.context() as earlier:
        earlier.setattr(edition, "EDITION", "2")
        tracker_of(store).sync()
    colours = {
        identifier: run.tags["mlflow.runColor"] for identifier, run in mlflow.runs.items() if run in series(mlflow)
    }
    first, *others = series(mlflow)
    for run_of_series in series(mlflow):
        run_of_series.tags["mlflow.runColor"] = "#123456"
        del run_of_series.tags[NOTE]
    first.tags[NOTE] = "Mine"
    mlflow.experiments["tracked"].pop(NOTE)
    forget(store, ("colour/%", "note/%", "about/%", "view/%", "report/%"))
    assert tracker_of(store).unsent()
    assert tracker_of(store).sync()
    assert {identifier: mlflow.runs[identifier].tags["mlflow.runColor"] for identifier in colours} == colours
    assert first.tags[NOTE] == "Mine" and all("replicate" in run.tags[NOTE] for run in others)
    note = mlflow.experiments["tracked"][NOTE]
    (invocation,) = [identifier for identifier, run in mlflow.runs.items() if run.name.startswith("run ")]
    assert note.startswith("tracked · ") and f"/runs/{invocation}/artifacts/{REPORT}?" in note
    assert not tracker_of(store).unsent()


def test_a_report_that_the_server_did_not_take_is_linked_to_by_nobody(store, mlflow, monkeypatch):
    monkeypatch.setattr(Quick, "of_invocation", Reporting.of_invocation)

    def keep(self, run, path, content):
        raise RefusedError("no room")

    monkeypatch.setattr(FakeServer, "keep", keep)
    tracker_of(store).sync()
    assert "[charts by level]" in mlflow.experiments["tracked"][NOTE]
    assert "[report]" not in mlflow.experiments["tracked"][NOTE]


@pytest.mark.parametrize("there", [True, False])
def test_a_report_of_an_earlier_lmcspec_is_linked_to_if_it_is_there(store, mlflow, monkeypatch, there):
    monkeypatch.setattr(Quick, "of_invocation", Reporting.of_invocation)
    with monkeypatch.context() as earlier:
        earlier.setattr(edition, "EDITION", "2")
        tracker_of(store).sync()
    (invocation,) = [run for run in mlflow.runs.values() if run.name.startswith("run ")]
    assert REPORT in invocation.files
    if not there:
        del invocation.files[REPORT]
    forget(store, ("report/%",))
    assert tracker_of(store).sync()
    assert ("[report]" in mlflow.experiments["tracked"][NOTE]) == there


def series(mlflow):
    return [run for run in mlflow.of("series") if run.tags["lmcspec.current"] == "true"]


def forget(store, names):
    """Take notes out of the ledger, which an earlier lmcspec would not have written."""
    import sqlite3

    (path,) = (store.root / "tracking").glob("*.sqlite")
    with sqlite3.connect(path) as database:
        for name in names:
            database.execute("DELETE FROM notes WHERE name LIKE ?", (name,))
    database.close()


def test_a_mark_is_of_the_text_alone():
    assert noted.is_ours({}) and noted.is_ours({NOTE: "a", OURS: f"x {noted._mark('a')}"})
    assert not noted.is_ours({NOTE: "a"}) and not noted.is_ours({NOTE: "", OURS: noted._mark("a")})
