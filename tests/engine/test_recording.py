"""The plan of a run is recorded, however full the disk is when it begins; else the run says that nothing is kept."""

import errno
import json
import os
from types import SimpleNamespace

import pytest
from stores_for_tests import name_of, put

from lmcspec.cli import main
from lmcspec.engine import recording
from lmcspec.engine.events import Finished
from lmcspec.engine.recording import Recording
from lmcspec.plan.collect import collect
from lmcspec.plan.unneeded import Wish
from lmcspec.store import Store, forget_study, last_plan, record_plan, recorded_studies, studies

SPEC = """
study = "recorded"
dataset = "digits"
model = { name = "mlp", widths = [8] }
[recipes.real]
length = "1ep"
batch = 256
optimiser = { name = "sgd", lr = 0.1 }
[networks]
imp = [{ data = "real", rounds = 1, fraction = 0.5 }]
[measures]
accuracy = {}
"""


@pytest.fixture
def run(tmp_path, capsys):
    """Run the study as a user does: its exit code, what it printed, what it said."""
    (tmp_path / "study.toml").write_text(SPEC)

    def run(*words):
        with pytest.raises(SystemExit) as stopped:
            main(
                ["run", str(tmp_path / "study.toml"), "--store", str(tmp_path / "store"), "--runner", "inline", *words]
            )
        printed = capsys.readouterr()
        return stopped.value.code or 0, printed.out, printed.err

    return run


@pytest.fixture
def full(monkeypatch):
    """Have the disk refuse plans so many times; returns how often it was asked."""
    write, asked = studies.layout.replace_json, []

    def refuse(times):
        def replace(root, path, document, **how):
            if path.parent.name == "studies":
                asked.append(path)
                if len(asked) <= times:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(root, path, document, **how)

        monkeypatch.setattr(studies.layout, "replace_json", replace)
        return asked

    return refuse


def test_what_was_full_at_the_beginning_is_recorded_at_the_end(run, full, tmp_path):
    asked = full(1)
    code, printed, _ = run()
    assert code == 0 and "50.0%" in printed and len(asked) == 2
    store = Store.open(tmp_path / "store")
    assert recorded_studies(store) == ["recorded"]
    assert collect(store, Wish()).gone == (), "and what it needs is kept"


def test_where_it_never_is_the_run_ends_with_results_and_an_error(run, full):
    full(99)
    code, printed, said = run()
    assert code == 4 and "50.0%" in printed
    assert "error: the plan of recorded could not be recorded" in said and "before any `lmcspec gc`" in said
    code, printed, _ = run("--format", "json")
    answer = json.loads(printed)
    assert code == 4 and not answer["ok"] and answer["data"]["results"], "nothing had to run, and it is no less so"
    assert "could not be recorded" in answer["errors"][0]["message"]


def test_a_store_that_can_only_be_read_is_no_error_where_nothing_runs(run, full, tmp_path, monkeypatch):
    assert run()[0] == 0
    forget_study(Store.open(tmp_path / "store"), "recorded")
    full(99)
    assert run()[0] == 4
    monkeypatch.setattr("lmcspec.engine.execute.os", SimpleNamespace(access=lambda path, mode: False, W_OK=os.W_OK))
    assert run()[0] == 0


def test_it_is_tried_again_as_tasks_end_and_not_at_each(full, tmp_path, monkeypatch):
    store = Store.open(tmp_path / "store")
    put(store, name_of(0))
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr(recording, "time", clock)
    now, asked, event = [1000.0], full(2), Finished.__new__(Finished)
    plans = Recording(store, {"a": {"of": "a"}})
    assert plans.left == ("a",) and len(asked) == 1
    plans.on_event(event)
    assert len(asked) == 1
    for _ in range(3):
        now[0] += recording.EVERY
        plans.on_event(event)
    assert plans.left == () and len(asked) == 3 and last_plan(store, "a") == {"of": "a"}


def test_a_run_that_is_broken_off_has_its_plan_recorded(run, full, tmp_path, monkeypatch):
    def broken(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("lmcspec.engine.execute.run", broken)
    full(1)
    assert run()[0] == 130
    assert recorded_studies(Store.open(tmp_path / "store")) == ["recorded"]


def test_whether_it_could_be_is_told(full, tmp_path, caplog):
    store = Store.open(tmp_path / "store")
    full(1)
    assert not record_plan(store, "a", {}) and "was not written" in caplog.text
    assert record_plan(store, "a", {})
