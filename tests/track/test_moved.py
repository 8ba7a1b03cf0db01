"""A store that was moved or copied: MLflow's database says where it lies now, and nothing reaches the old place."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest

from lmcspec.base import faults
from lmcspec.report import tracked as reporter
from lmcspec.store import Store
from lmcspec.track import Tracker, default_uri, kept
from lmcspec.track.evidence import OWNER, mark_of
from lmcspec.track.ledger import Ledger
from lmcspec.track.where import artifacts, is_own, ledger_path, own_database

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "LMCSPEC_NO_TRACKING"}
OURS, OTHERS, ELSEWHERE = "ab" * 16, "cd" * 16, "ef" * 16
OLD = "file:///old/store/tracking/artifacts"


@pytest.fixture
def database(tmp_path):
    """The tables that name places, as they stand in a store that lay in /old/store, and the store here."""
    store = Store.open(tmp_path / "store")
    path = tmp_path / "mlflow.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"""
            CREATE TABLE experiments (experiment_id INTEGER, artifact_location TEXT);
            CREATE TABLE experiment_tags (experiment_id INTEGER, key TEXT, value TEXT);
            CREATE TABLE runs (run_uuid TEXT, artifact_uri TEXT);
            CREATE TABLE tags (run_uuid TEXT, key TEXT, value TEXT);
            CREATE TABLE logged_models (model_id TEXT, artifact_location TEXT);
            INSERT INTO experiments VALUES (1, '{OLD}'), (2, '{OLD}/mine'), (3, 'file:///other');
            INSERT INTO experiment_tags VALUES (1, '{mark_of(store)}', 'x');
            INSERT INTO runs VALUES ('{OURS}', '{OLD}/{OURS}/artifacts'), ('{OTHERS}', '{OLD}/{OTHERS}/artifacts'),
                ('{ELSEWHERE}', 'file:///other/{ELSEWHERE}'), ('up', '{OLD}/../../victim'), ('beside', '{OLD}2/x');
            INSERT INTO tags VALUES ('{OURS}', '{OWNER}', '{store.id}');
            INSERT INTO logged_models VALUES ('m', '{OLD}/models/m');
        """)
    return store, path


def rows(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {
            table: dict(connection.execute(f"SELECT * FROM {table}"))
            for table in ("experiments", "runs", "logged_models")
        }


def test_all_that_lay_beneath_the_old_place_lies_beneath_the_new_one(database):
    store, path = database
    kept.write_places(path, store)
    home = artifacts(store)
    assert rows(path) == {
        "experiments": {1: home, 2: f"{home}/mine", 3: "file:///other"},
        "runs": {
            OURS: f"{home}/{OURS}/artifacts",
            OTHERS: f"{home}/{OTHERS}/artifacts",
            ELSEWHERE: f"file:///other/{ELSEWHERE}",
            "up": f"{OLD}/../../victim",
            "beside": f"{OLD}2/x",
        },
        "logged_models": {"m": f"{home}/models/m"},
    }
    once = rows(path)
    kept.write_places(path, store)
    assert rows(path) == once


def test_it_is_done_whole_or_not_at_all(database, monkeypatch):
    store, path = database
    before = rows(path)

    class Stopped(BaseException):
        pass

    def stop(point):
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(faults, "reach", stop)
        with pytest.raises(Stopped):
            kept.write_places(path, store)
    assert rows(path) == before
    kept.write_places(path, store)
    assert OLD not in str(rows(path)["experiments"])


def test_what_an_earlier_version_left_half_done_is_completed(database):
    store, path = database
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = 1", (artifacts(store),))
        connection.commit()
    kept.write_places(path, store)
    assert rows(path)["runs"][OURS] == f"{artifacts(store)}/{OURS}/artifacts"


def test_the_ledger_of_the_own_database_moves_with_the_store(tmp_path):
    store = Store.open(tmp_path / "here")
    path = ledger_path(store, default_uri(store))
    with Ledger(path) as ledger:
        ledger.assign("subject", "run")
    (tmp_path / "here").rename(tmp_path / "there")
    moved = Store.open(tmp_path / "there")
    assert is_own(moved, default_uri(moved)) and not is_own(moved, default_uri(store))
    with Ledger(ledger_path(moved, default_uri(moved))) as ledger:
        assert ledger.run("subject") == "run"
    assert ledger_path(moved, "http://server").name != path.name


def test_a_ledger_that_is_named_by_its_place_is_used_there(tmp_path):
    """An earlier lmcspec named it so."""
    store = Store.open(tmp_path / "here")
    name = hashlib.sha256(default_uri(store).encode()).hexdigest()[:16]
    with Ledger(store.root / "tracking" / f"{name}.sqlite"):
        pass
    assert ledger_path(store, default_uri(store)).name == f"{name}.sqlite"


def test_a_place_is_the_same_by_another_name(tmp_path):
    store = Store.open(tmp_path / "here")
    (store.root / "tracking" / "artifacts").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "here")
    by_link = Store.open(tmp_path / "link")
    assert artifacts(by_link) != artifacts(store)
    assert kept.are_there(artifacts(store), by_link) and kept.are_there(artifacts(by_link), by_link)
    for other in ("", "no uri", "file:///nowhere", "file:///%00", f"{artifacts(store)}/x"):
        assert not kept.are_there(other, store)


# With the real MLflow


def command(*arguments, **environment):
    line = [sys.executable, "-c", "from lmcspec.cli import main; main()", *map(str, arguments)]
    return subprocess.run(line, env={**ENVIRONMENT, **environment}, capture_output=True, text=True)


def sync(store):
    done = command("sync", "--store", store.root)
    assert done.returncode == 0, done.stderr
    return done.stderr


def places(store):
    with contextlib.closing(sqlite3.connect(own_database(store))) as connection:
        return [row[0] for row in connection.execute("SELECT artifact_uri FROM runs")]


def state(root):
    """Every file of a folder with its content."""
    return {
        path.relative_to(root).as_posix(): (path.lstat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in root.rglob("*")
        if path.is_file()
    }


def opened(store):
    """Digests of the files of runs as MLflow opens them by the database in the store; all lie in the store."""
    program = (
        "import hashlib, json, pathlib, sys\nfrom mlflow import MlflowClient\n"
        "client = MlflowClient(tracking_uri=sys.argv[1])\nfound = {}\n"
        "for experiment in client.search_experiments():\n"
        "    for run in client.search_runs([experiment.experiment_id]):\n"
        "        assert run.info.artifact_uri.startswith(sys.argv[2] + '/'), run.info.artifact_uri\n"
        "        for file in client.list_artifacts(run.info.run_id):\n"
        "            if not file.is_dir:\n"
        "                content = pathlib.Path(client.download_artifacts(run.info.run_id, file.path)).read_bytes()\n"
        "                found[run.info.run_id + '/' + file.path] = hashlib.sha256(content).hexdigest()\n"
        "print(json.dumps(found))"
    )
    line = [sys.executable, "-P", "-W", "ignore", "-c", program, default_uri(store), artifacts(store)]
    found = json.loads(subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout)
    here = store.root / "tracking" / "artifacts"
    for name, digest in found.items():
        run, _, path = name.partition("/")
        assert digest == hashlib.sha256((here / run / "artifacts" / path).read_bytes()).hexdigest()
    return found


@pytest.fixture(scope="module")
def told(finished, tmp_path_factory):
    """A store of which MLflow's database in it was told all. Not to be changed."""
    root = tmp_path_factory.mktemp("told") / "store"
    shutil.copytree(finished, root)
    sync(Store.open(root))
    return root


@pytest.mark.slow
def test_a_store_that_was_moved_goes_on_in_its_new_place(told, tmp_path, spec):
    old = tmp_path / "old place"
    shutil.copytree(told, old)
    sync(Store.open(old))
    files = opened(Store.open(old))
    assert len(files) > 1
    new = tmp_path / "deep" / "new %41 place"
    new.parent.mkdir()
    old.rename(new)
    store = Store.open(new)
    tracker = Tracker(store, default_uri(store), reporter)
    assert tracker.unsent(), "the database says where it lay"
    assert "nothing was new" in sync(store), "and that is all that is new"
    assert not tracker.unsent()
    assert not old.exists(), "nobody makes the old place again"
    assert all(place.startswith(artifacts(store)) for place in places(store))
    assert opened(store).keys() == files.keys()
    more = command("run", spec, "--store", new, "--runner", "inline", "--set", "replicates=3")
    assert more.returncode == 0, more.stderr
    assert len(opened(store)) > len(files) and not old.exists()


@pytest.mark.slow
def test_a_copy_never_writes_to_the_place_that_it_was_copied_from(told, tmp_path, spec):
    copy = tmp_path / "copy"
    shutil.copytree(told, copy)
    before = state(told)
    store = Store.open(copy)
    more = command("run", spec, "--store", copy, "--runner", "inline", "--set", "replicates=3")
    assert more.returncode == 0, more.stderr
    sync(store)
    assert opened(store)
    with contextlib.closing(sqlite3.connect(own_database(store))) as connection:
        for table, column in (("runs", "artifact_uri"), ("experiments", "artifact_location")):
            named = [row[0] for row in connection.execute(f"SELECT {column} FROM {table}")]
            assert not [place for place in named if str(told) in str(place)], (table, column)
    assert state(told) == before


@pytest.mark.kill
def test_killed_in_the_middle_of_it(told, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(told, moved)
    store = Store.open(moved)
    before = set(places(store))
    armed = {"LMCSPEC_FAULT": "track.half-moved", "LMCSPEC_FAULT_KILL": "worker", "LMCSPEC_DRIVER_PID": "0"}
    killed = command("sync", "--store", moved, **armed, LMCSPEC_FAULT_MARK=str(tmp_path / "mark"))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert set(places(store)) == before, "not half of them"
    sync(store)
    assert all(place.startswith(artifacts(store)) for place in places(store))
    assert opened(store)
