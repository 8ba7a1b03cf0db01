"""Databases that came with a stranger's store, whole as sqlite sees it, and made to hang whoever asks them anything."""

import contextlib
import os
import sqlite3
import time
from pathlib import Path

import pytest
from world_for_tests import World, copy

from lmcspec.store import Index
from lmcspec.track import database, kept, runs
from lmcspec.track.about import About, last_told, write_told
from lmcspec.track.evidence import glance
from lmcspec.track.ledger import Ledger

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
SECONDS = 8.0
pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def own(world: World, tmp_path: Path) -> World:
    return copy(world, tmp_path / "world")


def ask(path: Path, *scripts: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        for script in scripts:
            connection.executescript(script)


def view(table: str, columns: str) -> str:
    """A view without an end in the place of a table."""
    answer = ", ".join(f"x AS {column}" for column in columns.split())
    return f"DROP TABLE {table}; CREATE VIEW {table} AS {ENDLESS} SELECT {answer} FROM n;"


def trigger(table: str) -> str:
    """A trigger without an end at every change of a table."""
    body = f"BEGIN SELECT count(*) FROM ({ENDLESS} SELECT x FROM n); END;"
    return "".join(
        f"CREATE TRIGGER {table}_{number} AFTER {change} ON {table} {body}"
        for number, change in enumerate(("INSERT", "UPDATE", "DELETE"))
    )


INDEX = "id kind model units seconds bytes outcome digest committed device host_peak device_peak beside study"
HUGE = "DROP TABLE {0}; CREATE TABLE {0} ({1}, {2} TEXT GENERATED ALWAYS AS (hex(zeroblob(300000000))) VIRTUAL);"


@pytest.mark.parametrize(
    "planted",
    [
        view("objects", INDEX),
        view("objects", "id"),
        trigger("objects"),
        HUGE.format("objects", ", ".join(INDEX.split()[1:]), "id") + "INSERT INTO objects (kind) VALUES ('train');",
        "UPDATE objects SET kind = hex(zeroblob(40000000));",
        "CREATE VIRTUAL TABLE other USING fts5(x);",
    ],
)
def test_an_index(own, planted):
    objects = own.objects
    ask(own.root / "store" / "index.sqlite", planted)
    with Index(own.store) as index:
        assert len(index.entries()) == len(objects)
        index.forget(objects[:1])
        assert index.add(objects) == len(objects)
        assert sorted(index.ids()) == objects


@pytest.mark.parametrize(
    "planted",
    [
        view("runs", "role run"),
        view("points", "run metric step value"),
        trigger("notes"),
        HUGE.format("runs", "run", "role") + "INSERT INTO runs VALUES ('x');",
        "INSERT INTO notes VALUES ('x', hex(zeroblob(40000000)));",
    ],
)
def test_a_ledger(own, planted, monkeypatch):
    path = own.root / "store" / "tracking" / "ledger.sqlite"
    ask(path, planted)
    monkeypatch.setattr(runs, "ledger_path", lambda store, uri: path)
    assert runs._subjects(own.store, "") == ([("task/tiny/x", "r")] if "notes VALUES" in planted else [])
    with Ledger(path) as ledger:
        assert "VIEW" not in planted or ledger.runs("task/") == {}
        ledger.write("n", "noted")
    with Ledger(path) as ledger:
        assert ledger.note("n") == "noted"


@pytest.mark.parametrize(
    "note",
    ["[" * 100_000, '"abc"', '{"a": 1, "b": 2, "c": 3}', "[1, 2, 3]", '["a", "b"]', '["a", "b", null]', "\\ud800"],
)
def test_what_a_ledger_says_was_told_of_a_study(own, note):
    path = own.root / "store" / "tracking" / "ledger.sqlite"
    with Ledger(path) as ledger:
        ledger.write("about/tiny", note)
        assert last_told(ledger, "tiny") == About()
        write_told(ledger, "tiny", About("a", "b", "c"))
        assert last_told(ledger, "tiny") == About("a", "b", "c")


@pytest.mark.parametrize(
    "planted",
    [
        view("alembic_version", "version_num"),
        view("runs", "run_uuid experiment_id lifecycle_stage start_time artifact_uri"),
        view("tags", "run_uuid key value"),
        trigger("runs"),
        trigger("alembic_version"),
        f"DROP TABLE runs; CREATE VIEW runs AS {ENDLESS} SELECT count(*) AS run_uuid FROM n;",
    ],
)
def test_mlflow_s_own(own, planted, monkeypatch):
    """Here a view or a trigger may be a person's; what has no end is ended."""
    path = own.root / "store" / "tracking" / "mlflow.db"
    ask(path, planted)
    monkeypatch.setattr(database, "_schema", lambda: ("", set()))  # which loads MLflow
    monkeypatch.setattr(database, "LONGEST", 0.5)
    monkeypatch.setattr(database, "LOOK", 0.5)
    began = time.monotonic()
    if not database.trouble(path):
        kept.write_places(path, own.store)
    glance(path, own.store, "tiny")
    assert time.monotonic() - began < SECONDS


def test_a_database_of_holes(own):
    for name in ("index.sqlite", "tracking/ledger.sqlite"):
        path = own.root / "store" / name
        path.unlink()
        path.touch()
        os.truncate(path, 2**40)
    with Index(own.store) as index, Ledger(own.root / "store" / "tracking" / "ledger.sqlite") as ledger:
        assert len(index.entries()) == len(own.objects) and ledger.runs("") == {}
