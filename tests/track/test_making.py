"""The real MLflow makes its tables, and is killed at it: whatever it leaves, the next command has all runs there."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import pytest

from lmcspec.store import Store
from lmcspec.track import default_uri, uris
from lmcspec.track.where import own_database

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "LMCSPEC_NO_TRACKING"}
SIZES = (0, 120_000, 400_000, 800_000)
"""Bytes at which it is killed, of a million that it writes in a hundred steps."""

IN_PLACE = "import sys; from mlflow import MlflowClient; MlflowClient(tracking_uri=sys.argv[1]).search_experiments()"


def command(*arguments):
    return [sys.executable, "-c", "from lmcspec.cli import main; main()", *map(str, arguments)]


def kill_at(line, files, size):
    """Start this, and kill it as soon as one of these files has so many bytes."""
    with tempfile.TemporaryDirectory() as empty:
        # Where tables are kept there is nothing to make.
        alone = {**ENVIRONMENT, "LMCSPEC_CACHE": empty}
        process = subprocess.Popen(line, env=alone, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not any(one.stat().st_size >= size for one in files()):
            time.sleep(0.002)
        assert process.poll() is None, "it was killed in the middle"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def drafts(folder):
    def find():
        return [one for one in folder.glob(".mlflow.db.*.draft") if one.exists()]

    return find


MOMENTS = [pytest.param(size, marks=pytest.mark.kill if size == 400_000 else pytest.mark.slow) for size in SIZES]
"""One is tried with every change, all where there is time."""


def subjects(store):
    with sqlite3.connect(own_database(store)) as database:
        found = [row[0] for row in database.execute("SELECT value FROM tags WHERE key = 'lmcspec.role'")]
    database.close()
    assert len(found) == len(set(found))
    return set(found)


def sync(store):
    done = subprocess.run(command("sync", "--store", store.root), env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("size", MOMENTS)
def test_killed_while_it_makes_a_database(store, size):
    folder = store.root / "tracking"
    kill_at(command("sync", "--store", store.root), drafts(folder), size)
    assert not own_database(store).exists(), "what is not whole has not its name"
    said = sync(store)
    assert len(subjects(store)) > 20 and "aside" not in said
    assert not drafts(folder)() and not list(folder.glob("*.aside"))


@pytest.mark.parametrize("size", MOMENTS)
def test_what_was_killed_in_place_is_set_aside(store, size):
    """As versions before this left it, or another program."""
    path = own_database(store)
    path.parent.mkdir(exist_ok=True)
    kill_at([sys.executable, "-c", IN_PLACE, default_uri(store)], lambda: [path] if path.exists() else [], size)
    said = sync(store)
    assert len(subjects(store)) > 20
    (kept,) = path.parent.glob("*.aside")
    assert f"kept as {kept.name}" in said


@pytest.mark.slow
def test_a_used_one_that_is_damaged_is_made_anew_with_all_runs(store):
    sync(store)
    whole = subjects(store)
    path = own_database(store)
    data = path.read_bytes()
    for broken in (data[: len(data) // 2], data[:4096] + os.urandom(40_000) + data[44_096:]):
        path.write_bytes(broken)
        assert "is damaged" in sync(store)
        assert subjects(store) == whole


OLDER = """
import sys
from alembic import command
from alembic.script import ScriptDirectory
from mlflow.store.db import utils

engine = utils.create_sqlalchemy_engine(sys.argv[1])
utils.InitialBase.metadata.create_all(engine)
config = utils._get_alembic_config(sys.argv[1])
steps = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
with engine.begin() as connection:
    config.attributes["connection"] = connection
    command.upgrade(config, steps[6])
print(steps[6])
"""


def older(store):
    """Give a store MLflow's tables as of a year ago, with a run of a person's: by MLflow's own steps, up to this one."""
    path = own_database(store)
    path.parent.mkdir(exist_ok=True)
    made = [sys.executable, "-W", "ignore", "-c", OLDER, default_uri(store)]
    revision = subprocess.run(made, check=True, capture_output=True, text=True).stdout.split()[-1]
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (5, 'mine', 'active')")
        database.execute(
            "INSERT INTO runs (run_uuid, name, status, lifecycle_stage, experiment_id) VALUES ('a', 'by hand', 'FINISHED', 'active', 5)"
        )
    database.close()
    return revision


@pytest.mark.slow
def test_an_older_mlflow_s_is_brought_up_to_date_with_what_people_wrote_there(store):
    path = own_database(store)
    older(store)
    said = sync(store)
    assert "another version of MLflow" in said and "a copy that works" in said
    assert len(subjects(store)) > 20
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT name FROM runs WHERE run_uuid = 'a'").fetchall() == [("by hand",)]
    database.close()


STRANGE = "a?b %41 #c;d&e=f\n$HOME 'q' \"p\" ü {x} [y] 100%"


@pytest.mark.slow
def test_a_path_that_means_otherwise_in_a_uri(store, tmp_path):
    place = tmp_path / "around" / STRANGE
    place.parent.mkdir()
    shutil.copytree(store.root, place / ".lmcspec")
    moved = Store.open(place / ".lmcspec")
    sync(moved)
    assert len(subjects(moved)) > 20
    assert any((moved.root / "tracking" / "artifacts").rglob("results.csv"))
    assert [one.name for one in place.parent.iterdir()] == [STRANGE]
    assert uris.database_file(default_uri(moved)) == own_database(moved)
