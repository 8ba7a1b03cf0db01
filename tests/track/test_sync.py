"""What a server knows after `sync`, against the results themselves; and that an outage at any request changes nothing."""

import getpass
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys

import pytest
from server_for_tests import FakeMlflow
from tracked_for_tests import Quick, plan_of, run, tracker_of

from lmcspec.report import tidy
from lmcspec.report import tracked as reporter
from lmcspec.store import Store, invocations
from lmcspec.tasks import kind
from lmcspec.track import task_links
from lmcspec.track import tracker as module
from lmcspec.track.described import sources
from lmcspec.track.troubles import UnreachableError
from lmcspec.track.where import ledger_path


def test_a_finished_study(store, spec, mlflow):
    tracker_of(store).sync()
    plan = plan_of(spec, store)
    assert {one.status for one in mlflow.runs.values()} == {"FINISHED"}
    assert sorted(run.name for run in mlflow.of("series")) == ["dense/s0", "dense/s1", "imp/s0", "imp/s1"]
    executed = {task.id for task in plan.counted}
    tasks = [run for run in mlflow.runs.values() if "lmcspec.task_id" in run.tags]
    assert sorted(run.tags["lmcspec.task_id"] for run in tasks) == sorted(executed), "one run for each, none twice"
    series = {identifier for identifier, run in mlflow.runs.items() if run.tags["lmcspec.kind"] == "series"}
    assert {run.tags["mlflow.parentRunId"] for run in tasks} <= series, "one level of nesting"
    assert all("mlflow.parentRunId" not in run.tags for run in (*mlflow.of("series"), *mlflow.of("invocation")))
    (invocation,) = mlflow.of("invocation")
    assert set(invocation.files) == {"plan.json", "spec.json", "results.csv", "figures/one.svg"}
    # What a longer training passed is with that training.
    assert len(plan.tasks) == len(executed) + len(plan.byproducts)
    assert invocation.files["results.csv"] == f"{len(plan.tasks)} of {len(plan.tasks)} tasks, spec of ['']".encode()
    assert invocation.series("tasks/done") == {0: {len(executed)}}


def test_curves_are_sent_as_they_were_committed(store, spec, mlflow, caplog):
    """A number that was changed since, in a file that is not there for the numbers of results."""
    own, other = sorted(
        task
        for task in plan_of(spec, store).tasks
        if (stored := store.find(task)) and stored.metrics.is_file() and "passed_by" not in stored.record
    )[:2]
    path = store.find(own).path / "metrics.jsonl"
    path.write_text(re.sub(r'"value": [^,]+', '"value": 77.5', path.read_text()))
    tracker_of(store).sync()
    runs = {run.tags["lmcspec.task_id"]: run for run in mlflow.runs.values() if "lmcspec.task_id" in run.tags}
    values = {
        value for name in ("train/loss", "loss/train") for one in runs[own].series(name).values() for value in one
    }
    assert 77.5 not in values and "metrics.jsonl is corrupt" in caplog.text
    assert {run.status for run in runs.values()} == {"FINISHED"}
    assert runs[other].status == "FINISHED"


def test_series_have_the_numbers_of_the_results_by_level(store, spec, mlflow):
    tracker_of(store).sync()
    rows = tidy(plan_of(spec, store), store)
    metrics = {
        "test/accuracy": ("accuracy", "test/accuracy", 0),
        "train/loss": ("accuracy", "train/loss", 0),
        "lmc/instability k0": ("stability", "instability/test", 0),
        "lmc/instability k3it": ("stability", "instability/test", 3),
        "lmc/barrier k0 train": ("stability", "barrier/train", 0),
    }
    for run_ in mlflow.of("series"):
        network, replicate = run_.name.split("/s")
        for metric, wanted in metrics.items():
            values = {
                row.level: {row.value}
                for row in rows
                if (row.network, row.replicate) == (network, int(replicate))
                and (row.measure, row.metric.name, row.at_updates) == wanted
            }
            assert run_.series(metric) == values and values
    imp = mlflow.by_name("imp/s0")
    assert set(imp.series("test/accuracy")) == {0, 1, 2}
    assert imp.series("final/accuracy") == {0: imp.series("test/accuracy")[2]}
    assert {step: round(*values, 2) for step, values in imp.series("mask/sparsity").items()} == {0: 0, 1: 0.2, 2: 0.36}
    assert imp.params["recipe.lr"] == "0.1" and imp.params["stage1.fraction"] == "0.2"
    assert "stage1.rounds" not in imp.params, "more rounds are more of the same series"
    assert imp.tags["lmcspec.group"] == mlflow.by_name("imp/s1").tags["lmcspec.group"]
    assert {name for name, _, _ in imp.datasets} == {"digits"}


def test_shared_work_hangs_under_the_first_series_and_is_named_by_the_others(store, mlflow):
    tracker_of(store).sync()
    named = json.loads(mlflow.by_name("imp/s0").tags["lmcspec.shared"])
    parents = {mlflow.runs[one].tags["mlflow.parentRunId"] for one in named.values()}
    assert [mlflow.runs[one].name for one in parents] == ["dense/s0"]
    assert any(label.endswith("l0/train") for label in named)


def test_curves_and_logs_are_with_the_tasks(store, mlflow):
    tracker_of(store).sync()
    (train,) = [one for one in mlflow.of("train") if one.tags["lmcspec.label"] == "imp/s0/l2/train"]
    stored = store.find(train.tags["lmcspec.task_id"])
    lines = [json.loads(line) for line in stored.metrics.read_text().splitlines()]
    assert train.series("train/loss") == {line["step"]: {line["value"]} for line in lines} and lines
    assert train.series("final/test_error") == {0: {stored.scalars["test_error"]}}
    (path,) = [one for one in mlflow.of("path") if one.tags["lmcspec.label"].startswith("imp/s1/l2/path k=0")]
    curve = store.find(path.tags["lmcspec.task_id"]).scalars["paths"]["average"]["test_error"]
    assert path.series("path/test_error") == {step: {value} for step, value in enumerate(curve)}
    assert set(path.files) == {"path.svg"} and not train.files.keys() - {"log.txt"}


def test_runs_say_where_they_come_from(store, spec, mlflow):
    tracker_of(store).sync()
    (path,) = [one for one in mlflow.of("path") if one.tags["lmcspec.label"].startswith("imp/s1/l2/path k=0")]
    (invocation,) = mlflow.of("invocation")
    for run_ in (path, invocation, mlflow.by_name("imp/s0")):
        assert run_.tags["mlflow.source.name"] == f"lmcspec run {spec}"
        assert run_.tags["mlflow.user"] == getpass.getuser() and run_.tags["mlflow.source.type"] == "LOCAL"
    assert path.tags["lmcspec.plan"] == invocation.tags["lmcspec.plan"]
    stored = store.find(path.tags["lmcspec.task_id"])
    wanted = {
        "replicate": "1",
        "level": "2",
        "version": str(kind("path").version),
        "host": socket.gethostname(),
        "device": "cpu",
    }
    assert {name: path.tags[f"lmcspec.{name}"] for name in wanted} == wanted
    assert path.tags["lmcspec.release"] == stored.record["numerics"]["lmcspec"]


def test_a_spec_in_a_repository_names_its_commit():
    origin = {"command": "lmcspec run a.toml", "user": "ada", "commit": "ab" * 20, "dirty": True}
    assert sources(origin) == {
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": "lmcspec run a.toml",
        "mlflow.user": "ada",
        "mlflow.source.git.commit": "ab" * 20,
        "mlflow.source.git.dirty": "true",
    }
    assert sources({}) == {"mlflow.source.type": "LOCAL"}


def test_the_report_and_figures_are_kept_with_their_runs(store, mlflow):
    tracker_of(store, reporter).sync()
    (invocation,) = mlflow.of("invocation")
    figures = {name for name in invocation.files if name.startswith("figures/")}
    assert "figures/accuracy-vs-sparsity.svg" in figures and "figures/error-along-path.svg" in figures
    assert set(invocation.files) == figures | {"plan.json", "spec.json", "results.csv", "report.html"}
    page = invocation.files["report.html"].decode()
    assert page.count("<img") == len(figures)
    (train,) = [one for one in mlflow.of("train") if one.tags["lmcspec.label"] == "imp/s0/l2/train"]
    (identifier,) = [one for one, run_ in mlflow.runs.items() if run_ is train]
    header, *rows = invocation.files["results.csv"].decode().splitlines()
    assert header.startswith("case,network,level,") and header.endswith(",task,run,through,floor,under")
    of_train = [row for row in rows if row.startswith(",imp,2,0,accuracy,")]
    assert of_train and all(row.endswith(f",{identifier},,,") for row in of_train)
    (path,) = [one for one in mlflow.of("path") if one.tags["lmcspec.label"].startswith("imp/s1/l2/path k=0")]
    assert path.files["path.svg"].startswith(b"<?xml")


def test_what_is_told_once_is_a_page_for_each_task(store, spec, mlflow):
    tracker_of(store).sync()
    links = task_links(plan_of(spec, store), store, "http://made.up")
    runs = {f"http://made.up/#/experiments/tracked/runs/{run}?workflowType=machine_learning" for run in mlflow.runs}
    assert links and set(links.values()) <= runs


def test_what_can_t_be_drawn_is_left_out_and_said(store, mlflow, caplog):
    class Broken(Quick):
        def of_task(self, task, result):
            raise ZeroDivisionError("no width")

        def of_invocation(self, *given):
            yield "results.csv", b""
            raise KeyError("axes")

    tracker_of(store, Broken()).sync()
    assert {one.status for one in mlflow.runs.values()} == {"FINISHED"}
    assert "results.csv" in mlflow.of("invocation")[0].files
    assert "the report could not be drawn: KeyError: 'axes'" in caplog.text
    assert "could not be drawn: ZeroDivisionError: no width" in caplog.text


def test_sent_twice_is_there_once(store, mlflow):
    tracker_of(store).sync()
    first, writes = mlflow.state, mlflow.writes
    assert not tracker_of(store).unsent()
    assert not tracker_of(store).sync()
    assert mlflow.writes == writes, "it was asked what it has, and nothing was said"
    ledger_path(store, "http://made.up").unlink()
    assert tracker_of(store).unsent()
    tracker_of(store).sync()
    assert mlflow.state == first, "and without the ledger, the same was said again"


@pytest.mark.parametrize(
    ("firsts", "stride", "troubles"),
    [
        ((7,), 19, ("before", "after")),
        pytest.param(range(1, 12, 3), 11, ("before",), marks=pytest.mark.slow),
        pytest.param(range(1, 12, 3), 11, ("after",), marks=pytest.mark.slow),
    ],
)
def test_outages_at_any_request_lose_nothing_and_double_nothing(store, tmp_path, monkeypatch, firsts, stride, troubles):
    whole = FakeMlflow()
    monkeypatch.setattr(module, "Server", whole.connect)
    pristine = tmp_path / "pristine"
    shutil.copytree(store.root, pristine)
    tracker_of(store).sync()
    # In strides, so that many outages fall into one sending, and another place each time.
    for first in firsts:
        again = tmp_path / f"again{first}"
        shutil.copytree(pristine, again)
        flaky = FakeMlflow()
        monkeypatch.setattr(module, "Server", flaky.connect)
        flaky.fails = dict(zip(range(first, 10_000, stride), itertools.cycle(troubles), strict=False))
        copy = Store.open(again)
        outages = 0
        while tracker_of(copy).unsent():
            try:
                tracker_of(copy).sync()
            except UnreachableError:
                outages += 1
            assert outages < 200
        assert outages > 5
        assert flaky.state == whole.state


def test_what_a_killed_driver_left_is_over(store, mlflow):
    """Its journal ends in the middle, its process is gone: what is committed is finished, the rest was killed."""
    (invocation,) = invocations(store)
    events = (invocation.path / "events.jsonl").read_text().splitlines(keepends=True)
    started = [json.loads(line)["task"] for line in events if '"started"' in line]
    cut = next(place for place, line in enumerate(events) if '"started"' in line and started[5] in line)
    (invocation.path / "events.jsonl").write_text("".join(events[: cut + 1]) + '{"event": "fini')
    store.discard(started[5])
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    header = json.loads((invocation.path / "invocation.json").read_text())
    header["process"]["pid"] = child.pid
    (invocation.path / "invocation.json").write_text(json.dumps(header))
    tracker_of(store).sync()
    status = {run.tags.get("lmcspec.task_id"): run.status for run in mlflow.runs.values()}
    assert status[started[5]] == "KILLED" and {status[task] for task in started[:5]} == {"FINISHED"}
    assert [one.status for one in mlflow.of("invocation")] == ["KILLED"]
    assert "RUNNING" not in status.values()


def test_a_living_driver_is_not_over(store, mlflow):
    (invocation,) = invocations(store)
    path = invocation.path / "events.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert json.loads((invocation.path / "invocation.json").read_text())["process"]["pid"] == os.getpid()
    tracker_of(store).sync()
    assert [one.status for one in mlflow.of("invocation")] == ["RUNNING"]
    assert tracker_of(store).unsent()


def test_a_run_that_somebody_deleted_does_not_stand_in_the_way(store, mlflow, spec, caplog):
    tracker_of(store).sync()
    for identifier in [one for one, found in mlflow.runs.items() if found.tags["lmcspec.kind"] == "path"]:
        del mlflow.runs[identifier]
    run(spec, store.root, "--set", "replicates=3")
    tracker_of(store).sync()
    assert "imp/s2" in {run.name for run in mlflow.of("series")}
