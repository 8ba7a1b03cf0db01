"""Runs that are over, written as rows: equal to what MLflow makes of them, and left to it wherever they would not be."""

import contextlib
import math
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmcspec.track import rows as module
from lmcspec.track.rows import WholeRuns, features, rows_of
from lmcspec.track.said import Point, WholeRun

TABLES = """
CREATE TABLE experiments (experiment_id INTEGER, artifact_location TEXT, lifecycle_stage TEXT);
CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, source_type TEXT, source_name TEXT, entry_point_name TEXT,
    user_id TEXT, status TEXT, start_time INTEGER, end_time INTEGER, deleted_time INTEGER, source_version TEXT,
    lifecycle_stage TEXT, artifact_uri TEXT, experiment_id INTEGER);
CREATE TABLE tags (key TEXT, value TEXT NOT NULL, run_uuid TEXT, PRIMARY KEY (key, run_uuid));
CREATE TABLE params (key TEXT, value TEXT NOT NULL, run_uuid TEXT, PRIMARY KEY (key, run_uuid));
CREATE TABLE metrics (key TEXT, value FLOAT, timestamp INTEGER, run_uuid TEXT, step INTEGER, is_nan BOOLEAN,
    PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
CREATE TABLE latest_metrics (key TEXT, value FLOAT, timestamp INTEGER, step INTEGER, is_nan BOOLEAN, run_uuid TEXT,
    PRIMARY KEY (key, run_uuid));
CREATE TABLE model_metrics (run_id TEXT, value FLOAT);
INSERT INTO experiments VALUES (1, 'file:///home', 'active'), (2, 'file:///home', 'deleted');
"""
EXAMPLE = WholeRun(
    "1", "l1 train", 10.0, 20.5, "FINISHED",
    {"lmcspec.role": "task/x/a", "mlflow.user": "me"}, {"lr": 0.1, "kind": "train"},
    [Point("loss", 0.5, 0, 11.0), Point("loss", 0.25, 1, 12.0), Point("final/error", 0.125, 0, 13.0)],
)  # fmt: skip


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "mlflow.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES)
    return path


def shown(database, run=EXAMPLE, owner="store", change=()):
    """Runs that wait, after a run of whose rows MLflow made these, and then the `change`."""
    runs = WholeRuns(database, owner, {}.__setitem__)
    assert runs.take(run) is None, "it has to be shown first"
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        for table, rows in rows_of("shown", run, "file:///home", owner).items():
            module._insert(connection, table, rows)
        for statement in change:
            connection.execute(statement)
    runs.learn("shown", run)
    return runs


def write(runs, database):
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        return runs.write(connection)


def names(database):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return sorted(row[0] for row in connection.execute("SELECT name FROM runs"))


def test_what_was_shown_is_written(database):
    runs = shown(database)
    identifiers = {runs.take(EXAMPLE._replace(name=f"l{level} train")) for level in (2, 3, 4)}
    assert None not in identifiers and len(identifiers) == 3 and names(database) == ["l1 train"]
    assert write(runs, database) and not write(runs, database)
    assert names(database) == ["l1 train", "l2 train", "l3 train", "l4 train"]


@pytest.mark.parametrize(
    "more",
    [
        {"points": [Point("loss", math.nan, 0, 1.0)]},
        {"points": [Point("loss", math.inf, 0, 1.0)]},
        {"status": "FAILED"},
        {"experiment": "7"},
    ],
)
def test_what_was_not_shown_is_left_to_mlflow(database, more):
    assert shown(database).take(EXAMPLE._replace(**more)) is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE runs SET source_type = 'LOCAL'",
        "UPDATE runs SET artifact_uri = artifact_uri || '/more'",
        "ALTER TABLE runs ADD COLUMN priority INTEGER DEFAULT 3",
        "UPDATE metrics SET is_nan = 'false'",
        "DELETE FROM latest_metrics",
        "INSERT INTO tags VALUES ('mlflow.new', 'of a later MLflow', 'shown')",
        "INSERT INTO model_metrics VALUES ('shown', 0.5)",
        "CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM tags; END",
        "DROP TABLE params",
        "UPDATE experiments SET lifecycle_stage = 'deleted'",
    ],
)
def test_where_mlflow_s_rows_are_others_all_is_left_to_it(database, change):
    runs = shown(database, change=[change])
    assert runs.take(EXAMPLE) is None
    runs.learn("shown", EXAMPLE)
    assert runs.take(EXAMPLE) is None, "for good"


def test_one_that_the_database_does_not_take_stands_in_no_others_way(database):
    told = {}
    runs = shown(database)
    runs._refuse = told.__setitem__
    good, bad, other = (
        runs.take(EXAMPLE._replace(name=name, tags={"command": text}))
        for name, text in (("l2", "fine"), ("l3", "undecodable \udc80"), ("l4", "fine"))
    )
    assert good and other
    write(runs, database)
    assert names(database) == ["l1 train", "l2", "l4"] and list(told) == [bad]


def test_an_experiment_that_was_deleted_meanwhile_gets_none(database):
    told = {}
    runs = shown(database)
    runs._refuse = told.__setitem__
    taken = runs.take(EXAMPLE)
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE experiments SET lifecycle_stage = 'deleted'")
    write(runs, database)
    assert list(told) == [taken] and names(database) == ["l1 train"]


def test_where_writing_fails_none_of_them_is_there(database):
    runs = shown(database)
    runs.take(EXAMPLE)
    runs.take(EXAMPLE)
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("DROP TABLE latest_metrics")
    with pytest.raises(sqlite3.OperationalError):
        write(runs, database)
    assert names(database) == ["l1 train"] and runs.waiting == 2


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
numbers = st.floats(width=32) | st.integers(-5, 5)
points = st.builds(
    Point,
    st.sampled_from(["loss", "final/error", "a b"]),
    numbers,
    st.integers(0, 3),
    st.sampled_from([1.0, 2.5, 7.001]),
)
runs_of_all_kinds = st.builds(
    WholeRun,
    experiment=st.just("1"),
    name=texts.filter(str.strip),
    started=st.floats(1, 2e9),
    ended=st.floats(1, 2e9),
    status=st.sampled_from(["FINISHED", "FAILED", "KILLED"]),
    tags=st.dictionaries(st.sampled_from(["lmcspec.role", "mlflow.user", "lmcspec.gpu"]), texts.filter(bool)),
    params=st.dictionaries(st.sampled_from(["lr", "kind", "seed"]), texts | numbers | st.booleans()),
    points=st.lists(points, max_size=8),
)


@given(run=runs_of_all_kinds)
def test_the_latest_of_a_metric_is_the_last_in_order(run):
    """By step, then by time, then by value: the largest of those that are numbers, in a naive sort."""
    latest = {row["key"]: row for row in rows_of("run", run, "home", "store")["latest_metrics"]}
    for key in {point.metric for point in run.points}:
        of_key = [point for point in run.points if point.metric == key]
        shown = [(one.step, int(one.at * 1000), 0.0 if math.isnan(one.value) else one.value) for one in of_key]
        row = latest[key]
        expected = max(shown)
        assert (row["step"], row["timestamp"]) == expected[:2]
        assert row["value"] == max(-module.LARGEST, min(module.LARGEST, expected[2]))


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The real MLflow on a store's own database, and a connection that looks into it."""
    from lmcspec.store import Store
    from lmcspec.track import default_uri
    from lmcspec.track.database import connected
    from lmcspec.track.server import Server
    from lmcspec.track.sparing import Sparing
    from lmcspec.track.where import own_database

    store = Store.open(tmp_path_factory.mktemp("real") / "store")
    server = Server(default_uri(store), store)
    experiment = server.experiment("mine")
    with contextlib.closing(connected(own_database(store))) as connection:
        connection.row_factory = sqlite3.Row
        yield Sparing(server), server, experiment, connection


@pytest.mark.slow
@settings(deadline=None)
@given(run=runs_of_all_kinds)
def test_mlflow_makes_the_same_rows(real, run):
    sparing, server, experiment, connection = real
    run = run._replace(experiment=experiment)
    server.whole_runs._shown, server.whole_runs._differs = frozenset(), False
    told = sparing.whole(run)
    assert features(run) <= server.whole_runs._shown, "what it shows is what would be written"
    written = sparing.whole(run)
    server.flush()
    there = module._found(connection, told), module._found(connection, written)
    assert module._sorted(there[1]) == module._sorted(
        {
            table: [{name: _renamed(value, told, written) for name, value in row.items()} for row in of_table]
            for table, of_table in there[0].items()
        }
    )
    assert not server.refused


def _renamed(value, old, new):
    return value.replace(old, new) if isinstance(value, str) and old else value
