"""What was noted as told is on disk: a process that is killed, or a power failure, at whatever moment."""

import contextlib
import itertools
import shutil
import sqlite3
from types import SimpleNamespace

import pytest
from server_for_tests import FakeMlflow
from test_making import sync
from test_mlflow import what_is_there, what_should_be_there
from tracked_for_tests import tracker_of

from lmcspec.report import tracked as reporter
from lmcspec.store import Store
from lmcspec.track import Ledger, Tracker, default_uri, ledger
from lmcspec.track import tracker as module
from lmcspec.track.database import BESIDE, close_connections
from lmcspec.track.durable import Durable, relax
from lmcspec.track.noted import OURS
from lmcspec.track.rows import WholeRuns
from lmcspec.track.server import Server
from lmcspec.track.troubles import UnreachableError
from lmcspec.track.where import ledger_path, own_database


def values(path):
    with Ledger(path) as there:
        return there.runs("")


def test_what_the_server_was_told_comes_first(tmp_path):
    path, done = tmp_path / "a.sqlite", []
    with Ledger(path) as noted, noted.committing(lambda: done.append(values(path))):
        noted.assign("one", "run")
        noted.commit()
        noted.commit()
        noted.assign("two", "run")
    assert done == [{}, {"one": "run"}], "before each commit, and not where nothing was noted"
    assert values(path) == {"one": "run", "two": "run"}


def test_what_it_could_not_be_told_for_good_is_not_noted(tmp_path):
    def fail():
        raise UnreachableError("the disk is full")

    with pytest.raises(UnreachableError, match="full"), Ledger(tmp_path / "a") as noted, noted.committing(fail):
        noted.assign("one", "run")
    assert values(tmp_path / "a") == {}


def test_what_was_told_before_an_error_is_noted(tmp_path):
    def act(noted):
        noted.assign("one", "run")
        raise UnreachableError("gone")

    with pytest.raises(UnreachableError, match="gone"), Ledger(tmp_path / "a") as noted, noted.committing(lambda: None):
        act(noted)
    assert values(tmp_path / "a") == {"one": "run"}


def test_half_of_what_belongs_together_is_not_noted(tmp_path):
    """A disk that is full while a study is forgotten."""
    with Ledger(tmp_path / "a") as noted:
        noted.assign("task/x/a", "run")
        noted.write("described/run", "yes")
    full = "CREATE TEMP TRIGGER t BEFORE DELETE ON notes BEGIN SELECT RAISE(FAIL, 'full'); END"
    with Ledger(tmp_path / "a") as noted:
        noted._database.execute(full)
        with pytest.raises(sqlite3.Error):
            noted.forget("x", [])
    assert values(tmp_path / "a") == {"task/x/a": "run"}


@pytest.mark.parametrize(("journal", "waits"), [("wal", 1), ("delete", 2)])
def test_mlflow_s_connections_wait_for_the_disk_where_they_must(tmp_path, journal, waits):
    """1 is NORMAL, 2 is FULL. And those to other files are as they were."""
    import sqlalchemy

    for name in ("mine", "other"):
        with contextlib.closing(sqlite3.connect(tmp_path / name)) as connection:
            connection.execute(f"PRAGMA journal_mode = {journal}")
            connection.execute("CREATE TABLE t (x)")
    relax(tmp_path / "mine")
    found = {}
    for name in ("mine", "other"):
        engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / name}")
        with engine.connect() as connection:
            found[name] = connection.execute(sqlalchemy.text("PRAGMA synchronous")).scalar()
        engine.dispose()
    assert found == {"mine": waits, "other": 2}


def test_the_log_is_synced_where_no_run_was_written(tmp_path, monkeypatch):
    database, synced = tmp_path / "mlflow.db", []
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (x)")
        monkeypatch.setattr("lmcspec.base.beneath.sync", lambda root, path: synced.append(path.name))
        durable = Durable(database)
        durable.write(WholeRuns(database, "store", {}.__setitem__))
        assert synced == ["mlflow.db-wal"]
        connection.commit()
        assert database.with_name("mlflow.db-wal").stat().st_size > 0
        durable.close()
        assert database.with_name("mlflow.db-wal").stat().st_size == 0, "the file alone is whole"


class Counting(WholeRuns):
    """What is written: a statement of a million steps of sqlite's, or one without an end."""

    def __init__(self, rows):
        self.rows = rows

    def write(self, connection):
        numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT ?) SELECT count(*) FROM n"
        return connection.execute(numbers, (self.rows,)).fetchone() == (self.rows,)


def test_a_connection_of_a_long_run_has_its_time_anew_for_each_write(tmp_path, monkeypatch):
    database, clock = tmp_path / "mlflow.db", itertools.count(0.0)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    monkeypatch.setattr("lmcspec.track.database.time", SimpleNamespace(monotonic=lambda: next(clock)))
    durable = Durable(database)
    for _ in range(3):
        durable.write(Counting(100_000))
        clock = itertools.count(next(clock) + 3600.0)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        durable.write(Counting(-1))
    durable.close()


def test_killed_at_any_moment(store, monkeypatch, tmp_path):
    """What is noted in the ledger and not committed is gone with the process, and may have been told."""
    whole = FakeMlflow()
    monkeypatch.setattr(module, "Server", whole.connect)
    tracker_of(Store.open(shutil.copytree(store.root, tmp_path / "whole"))).sync()
    killed = FakeMlflow()
    monkeypatch.setattr(module, "Server", killed.connect)
    asked = itertools.count(1)
    monkeypatch.setattr(Ledger, "commit_seldom", lambda noted: noted.commit() if next(asked) % 8 == 0 else None)
    times = 0
    while tracker_of(store).unsent():
        killed.fails = {killed.requests + 40 + times % 7: ("before", "after")[times % 2]}
        with monkeypatch.context() as patch:
            # The end of a process commits nothing.
            patch.setattr(Ledger, "committing", kill_with_the_server)
            with contextlib.suppress(UnreachableError):
                tracker_of(store).sync()
        times += 1
        assert times < 100
    assert times > 3
    assert killed.state == whole.state


@contextlib.contextmanager
def kill_with_the_server(noted, first):
    try:
        yield
    except UnreachableError:
        noted._database.rollback()
        raise
    noted.commit()


@pytest.mark.slow
def test_the_power_fails_between_any_two_commits(store, monkeypatch, tmp_path):
    """On disk is then no more than what was synced: MLflow's file as of the last sync, the ledger's of its commit.

    Whatever came after these is lost; the next telling has all of it there, once.
    """
    monkeypatch.setattr(ledger, "SELDOM", 0.0)
    disk, kept = tmp_path / "disk", []
    database, noted = own_database(store), ledger_path(store, default_uri(store))

    def copy(file, to):
        to.mkdir(parents=True)
        for end in ("", "-wal"):
            if file.with_name(f"{file.name}{end}").exists():
                shutil.copyfile(f"{file}{end}", to / f"{file.name}{end}")

    flush, commit = Server.flush, Ledger.commit

    def flushed(server):
        flush(server)
        shutil.rmtree(disk, ignore_errors=True)
        copy(database, disk)

    def committed(of_store):
        commit(of_store)
        if of_store.path == noted and disk.exists() and len(kept) in (4, 30):
            moment = tmp_path / f"moment{len(kept)}"
            shutil.copytree(disk, moment)
            copy(noted, moment / "ledger")
        kept.append(None)

    with monkeypatch.context() as patch:
        patch.setattr(Server, "flush", flushed)
        patch.setattr(Ledger, "commit", committed)
        Tracker(store, default_uri(store), reporter).sync()
    moments = sorted(tmp_path.glob("moment*"))
    assert len(moments) == 2
    close_connections(database)
    expected = rows_by_subject(store)
    for moment in moments:
        for file, copied in ((database, moment), (noted, moment / "ledger")):
            for end in ("", *BESIDE):
                file.with_name(f"{file.name}{end}").unlink(missing_ok=True)
                if (there := copied / f"{file.name}{end}").exists():
                    shutil.copyfile(there, f"{file}{end}")
        before = len(rows_by_subject(store)["runs"])
        assert "It is told again" not in sync(store), "the ledger is believed"
        assert before < len(expected["runs"]) and rows_by_subject(store) == expected


@pytest.mark.slow
def test_both_ways_give_equal_databases(store, monkeypatch, tmp_path):
    """Every row of every table, but for what is drawn by lot and the moments of telling."""
    plain = Store.open(shutil.copytree(store.root, tmp_path / "plain"))
    Tracker(store, default_uri(store), reporter).sync()
    monkeypatch.setattr(WholeRuns, "take", lambda self, run: None)
    Tracker(plain, default_uri(plain), reporter).sync()
    ours, theirs = (rows_by_subject(one) for one in (store, plain))
    assert ours == theirs and len(ours["runs"]) > 20
    assert what_is_there(default_uri(store)).state == what_should_be_there(store, monkeypatch).state


def rows_by_subject(store):
    """Table -> its rows, in which each run's id and the store's folder are replaced by what they stand for."""
    with contextlib.closing(sqlite3.connect(own_database(store))) as connection:
        connection.row_factory = sqlite3.Row
        subjects = dict(connection.execute("SELECT run_uuid, value FROM tags WHERE key = 'lmcspec.role'").fetchall())
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]

        def readable(value):
            text = str(value).replace(str(store.root), "ROOT")
            for run, subject in subjects.items():
                text = text.replace(run, subject)
            return text

        drawn = {"input_uuid", "dataset_uuid", "source_id", "creation_time", "last_update_time"}
        # Marks of the telling, and digests of descriptions that name the folder.
        own = {"lmcspec.told." + store.id, OURS}
        found = {
            table: sorted(
                sorted((name, readable(row[name])) for name in row.keys() if name not in drawn)  # noqa: SIM118
                for row in connection.execute(f'SELECT * FROM "{table}"')
                if not own & {str(value) for value in tuple(row)}
            )
            for table in tables
        }
    # A moment at which a telling ended an open run is not that of another telling.
    return {table: rows for table, rows in found.items() if rows}
