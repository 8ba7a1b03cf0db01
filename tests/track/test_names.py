"""What things are called in MLflow, and where they are."""

import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.catalog import built_in
from lmcspec.store import Store
from lmcspec.track import default_uri, names, tracking_uri
from lmcspec.track.uris import database_file
from lmcspec.track.where import shown, without_secrets

ALLOWED = re.compile(r"[A-Za-z0-9_\-. :/]*")
"""What MLflow's validation lets pass in the name of a metric."""


@given(st.text())
def test_a_key_has_only_what_mlflow_takes(text):
    found = names.key(text)
    assert ALLOWED.fullmatch(found) and len(found) <= 250
    if ALLOWED.fullmatch(text) and len(text) <= 250:
        assert found == text


def row(measure, name, k="", kind="", way=""):
    metric = built_in("measure")[kind or measure].metrics.called(name)
    return SimpleNamespace(measure=measure, metric=metric, k=k, way=way)


@pytest.mark.parametrize(
    ("given", "chart", "final"),
    [
        (row("accuracy", "test/accuracy"), "test/accuracy", "final/accuracy"),
        (row("accuracy", "test/loss"), "test/loss", ""),
        (row("accuracy", "train/loss"), "train/loss", ""),
        (row("clean", "test/accuracy", kind="accuracy"), "clean/test accuracy", "final/clean test accuracy"),
        (row("set-accuracy", "test/accuracy"), "set-accuracy/test accuracy", ""),
        (row("stability", "instability/test", "0"), "lmc/instability k0", "final/instability k0"),
        (row("stability", "instability/test", "2ep40it"), "lmc/instability k2ep40it", "final/instability k2ep40it"),
        (row("stability", "instability/train", "0"), "lmc/instability k0 train", ""),
        (row("stability", "instability/test@recompute", "0"), "lmc/instability k0 recompute", ""),
        (row("stability", "barrier/train@recompute", "3ep"), "lmc/barrier k3ep train recompute", ""),
        (row("early", "instability/test", "0", "stability"), "early/instability k0", "final/early instability k0"),
        (row("distance", "distance", "3ep"), "lmc/distance k3ep", ""),
        (row("sides", "distance", "0", "distance"), "sides/distance k0", ""),
        (
            row("way", "barrier/test", kind="connectivity", way="wm"),
            "way/barrier under wm",
            "final/way barrier under wm",
        ),
        (
            row("way", "barrier/test", kind="connectivity", way="wt[step=1ep,layers=a.1+b]"),
            "way/barrier under wt step:1ep layers:a.1-b",
            "final/way barrier under wt step:1ep layers:a.1-b",
        ),
        (row("hessian", "mean-magnitude"), "hessian/mean-magnitude", ""),
        (row("hessian", "all/mean"), "hessian/all mean", ""),
        (row("landscape", "centre/train-loss", "0"), "landscape/centre train-loss k0", ""),
        (row("overlap", "overlap-by-chance"), "overlap/overlap-by-chance", ""),
    ],
)
def test_where_a_number_is_charted_and_stands_again_at_the_end(given, chart, final):
    found = names.chart(given)
    assert (found.name, found.final) == (chart, final)
    assert (found.floor.name, found.floor.final) == (f"{chart} floor", f"{final} floor" if final else "")


@pytest.mark.parametrize(
    "given",
    [
        row("stability", "midpoint/test", "0"),
        row("stability", "instability/test-loss", "0"),
        row("stability", "distance", "0"),
        row("distance", "angle", "0"),
        row("masks", "layer-sparsity/layers.0"),
    ],
)
def test_what_has_no_chart(given):
    assert names.chart(given) is None


def test_names_of_runs():
    assert names.series("", "imp", 0) == "imp/s0"
    assert names.series("lr=0.1", "imp[rewind=0]", 2) == "lr=0.1/imp[rewind=0]/s2"
    assert names.task("imp/s0/l3/train", "imp/s0") == "l3 train"
    assert names.task("dense/s0/l0/train", "imp/s0") == "dense s0 l0 train"


def test_where_runs_are_tracked(tmp_path, monkeypatch):
    store = Store.open(tmp_path / "store")
    assert tracking_uri(store, None) == default_uri(store) == f"sqlite:///{store.root}/tracking/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://some.where")
    assert tracking_uri(store, None) == "http://some.where"
    assert tracking_uri(store, "http://else.where") == "http://else.where"
    assert database_file("http://some.where") is None
    assert str(database_file(f"sqlite:///{tmp_path}/a.db?x=1")) == f"{tmp_path}/a.db"


def test_passwords_are_not_shown():
    assert shown("https://me:secret@host.org:5000/path") == "https://host.org:5000/path"
    assert shown("sqlite:////a/b.db") == "sqlite:////a/b.db"
    uri = "http://me:secret@host"
    assert "secret" not in without_secrets(f"can't reach {uri}/api", uri)


def test_the_measure_that_a_study_is_about_is_seen_first_whatever_it_is_called():
    barrier = names.chart(row("way", "barrier/test", kind="connectivity", way="wm"))
    assert barrier is not None and barrier.main and barrier.rank < names.LAST
    for name in ("barrier/train", "barrier/test@recompute", "instability/test"):
        beside = names.chart(row("way", name, kind="connectivity", way="wm"))
        assert beside is not None and not beside.main, name
    early = names.chart(row("early", "instability/test", "0", "stability"))
    assert early is not None and early.main
