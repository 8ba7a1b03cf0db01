"""Tracking beside a run: whatever becomes of it, the results are printed."""

import shutil
import sys

import pytest

from lmcspec.store import Store
from lmcspec.track import default_uri
from lmcspec.track.where import ledger_path


@pytest.fixture
def nowhere(place, finished, monkeypatch):
    """The store in which the study has run, where nothing can be written down about tracking."""
    monkeypatch.delenv("LMCSPEC_NO_TRACKING")
    shutil.copytree(finished, place / ".lmcspec")
    store = Store.open(place / ".lmcspec")
    ledger_path(store, default_uri(store)).mkdir()


def test_nothing_to_run_and_nowhere_to_note_what_was_told(nowhere, lmcspec):
    loaded = "mlflow" in sys.modules
    said = lmcspec("run", "study.toml")
    assert said.code == 0
    assert "50.0%" in said.out
    assert "Traceback" not in said.err
    assert "can't be noted in the store" in said.err.splitlines()[-1]
    assert ("mlflow" in sys.modules) == loaded


@pytest.mark.parametrize("command", [("sync",), ("run", "study.toml", "--require-tracking")])
def test_where_tracking_is_asked_for_it_is_an_error(nowhere, lmcspec, command):
    said = lmcspec(*command)
    assert (said.code, said.out) == (6, "")
    assert "can't be noted in the store" in said.err
    assert "Traceback" not in said.err


REQUIRED = ("run", "study.toml", "--require-tracking")


@pytest.mark.parametrize(
    ("command", "variable", "says", "helps"),
    [
        ((*REQUIRED, "--no-tracking"), None, "--no-tracking and --require-tracking", "leave one of them out"),
        ((*REQUIRED, "--no-tracking"), "0", "--no-tracking and --require-tracking", "leave one of them out"),
        (REQUIRED, "1", "where LMCSPEC_NO_TRACKING is set", "unset LMCSPEC_NO_TRACKING"),
        (REQUIRED, "true", "where LMCSPEC_NO_TRACKING is set", "unset LMCSPEC_NO_TRACKING"),
    ],
)
def test_what_is_required_and_left_out_is_an_error(place, lmcspec, monkeypatch, command, variable, says, helps):
    monkeypatch.delenv("LMCSPEC_NO_TRACKING")
    if variable is not None:
        monkeypatch.setenv("LMCSPEC_NO_TRACKING", variable)
    said = lmcspec(*command)
    assert (said.code, said.out) == (2, "")
    assert says in said.err and helps in said.err
    assert not (place / ".lmcspec").exists(), "nothing was begun"


def test_what_is_to_be_typed_later_is_about_the_same_store_and_server(nowhere, place, lmcspec, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (place / ".lmcspec").rename("kept elsewhere")
    said = lmcspec("run", "study.toml", "--store", "kept elsewhere")
    assert said.err.rstrip().endswith("; lmcspec sync --store 'kept elsewhere' sends what is left")
    gone = ("--tracking-uri", f"sqlite:///{place}/study.toml/mlflow.db")
    said = lmcspec("run", "study.toml", "--store", "kept elsewhere", *gone)
    assert f"; lmcspec sync --store 'kept elsewhere' {' '.join(gone)} sends what is left" in said.err


def test_so_are_the_pages_that_are_offered(place, lmcspec, monkeypatch):
    monkeypatch.delenv("LMCSPEC_NO_TRACKING")
    server = f"sqlite:///{place}/mlflow.db"
    said = lmcspec("run", "study.toml", "--runner", "inline", "--store", "kept", "--tracking-uri", server)
    assert said.code == 0
    assert f"these runs in MLflow: lmcspec ui --store kept --tracking-uri {server}" in said.err
