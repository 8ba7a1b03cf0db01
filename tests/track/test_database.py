"""The file of MLflow's tables: whole or not there, whatever was done to it; with tables of our own in the quick tests."""

import contextlib
import os
import shutil
import sqlite3

import pytest

from lmcspec.track import database as module
from lmcspec.track import uris
from lmcspec.track.database import prepare, trouble
from lmcspec.track.troubles import UnreachableError

TABLES = {"runs", "tags"}


def make(path, revision="new", run=None, tables=TABLES):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
        for name in tables:
            connection.execute(f"CREATE TABLE {name} (a TEXT)")
        connection.executemany("INSERT INTO runs VALUES (?)", [(f"{run}{n}" * 50,) for n in range((run and 500) or 0)])
    connection.close()


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_schema", lambda: ("new", TABLES))
    monkeypatch.setattr(module, "_make", make)
    monkeypatch.setattr(module, "close_connections", lambda path: None)
    return tmp_path / "tracking" / "mlflow.db"


@pytest.fixture
def used(place):
    """One that is whole and has runs."""
    place.parent.mkdir()
    make(place, run="mine")
    return place


def runs(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM runs").fetchone()[0]


def aside(path):
    return [one for one in path.parent.iterdir() if one.name.endswith(".aside")]


def test_one_that_is_missing_is_made(place):
    prepare(place, replaceable=True)
    assert trouble(place) == "" and not aside(place)
    prepare(place, replaceable=True)
    assert not aside(place)


def test_one_that_is_whole_is_left_as_it_is(used):
    before = used.read_bytes()
    prepare(used, replaceable=True)
    assert used.read_bytes() == before and not aside(used)


def cut(path):
    path.write_bytes(path.read_bytes()[:9000])


def overwrite(path):
    data = bytearray(path.read_bytes())
    data[8192:20000] = os.urandom(20000 - 8192)
    path.write_bytes(bytes(data))


def become(make_it):
    def act(path):
        path.unlink()
        make_it(path)

    return act


BROKEN = {
    "cut off": (cut, "is damaged"),
    "overwritten in its middle": (overwrite, "is damaged"),
    "its first page gone": (lambda path: path.write_bytes(b"\0" * 4096 + path.read_bytes()[4096:]), "is damaged"),
    "text": (lambda path: path.write_text("no database at all\n" * 500), "is damaged"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "one byte": (lambda path: path.write_bytes(b"S"), "is no database of MLflow"),
    "a folder": (become(lambda path: (path / "inner").mkdir(parents=True)), "is no file"),
    "a pipe": (become(os.mkfifo), "is no file"),
    "a link": (become(lambda path: path.symlink_to("/dev/null")), "is a link"),
    "a link into nowhere": (become(lambda path: path.symlink_to("nowhere")), "is a link"),
    "somebody else's": (become(lambda path: sqlite3.connect(path).execute("CREATE TABLE x (a)").connection.close()), "is no database of MLflow's"),
    "half made": (become(lambda path: make(path, tables={"runs"})), "has no table tags"),
    "made up to an older version": (become(lambda path: make(path, "old")), "another version of MLflow"),
    "of a later version": (become(lambda path: make(path, "later", run="theirs")), "another version of MLflow"),
}  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_one_is_kept_and_made_anew_and_said(used, how, caplog, monkeypatch):
    act, why = BROKEN[how]
    monkeypatch.setattr(module, "_upgraded", lambda path: None)
    act(used)
    kept = os.lstat(used)
    prepare(used, replaceable=True)
    assert trouble(used) == "" and runs(used) == 0
    (one,) = aside(used)
    assert os.lstat(one).st_ino == kept.st_ino, "it is the very same file"
    assert why in caplog.text and f"kept as {one.name}" in caplog.text and "made anew" in caplog.text


@pytest.mark.parametrize("how", [how for how in BROKEN if how != "empty"])
def test_somebody_else_s_is_not_touched(used, how):
    act, why = BROKEN[how]
    act(used)
    kept = os.lstat(used)
    with pytest.raises(UnreachableError, match=why):
        prepare(used, replaceable=False)
    assert os.lstat(used).st_ino == kept.st_ino and not aside(used)


def test_what_is_beside_a_broken_one_goes_with_it(used):
    used.write_text("")
    used.with_name("mlflow.db-wal").write_text("of the broken one")
    prepare(used, replaceable=True)
    assert runs(used) == 0 and not used.with_name("mlflow.db-wal").exists()
    assert [one.read_text() for one in used.parent.glob("*.aside-wal")] == ["of the broken one"]


def test_an_older_one_with_runs_is_brought_up_to_date_by_a_copy(used, monkeypatch, caplog):
    def upgraded(path):
        draft = path.with_name("draft")
        shutil.copy(path, draft)
        with sqlite3.connect(draft) as connection:
            connection.execute("UPDATE alembic_version SET version_num = 'new'")
        connection.close()
        return draft

    monkeypatch.setattr(module, "_upgraded", upgraded)
    with sqlite3.connect(used) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'old'")
    connection.close()
    prepare(used, replaceable=True)
    assert runs(used) == 500 and trouble(used) == "" and "a copy that works" in caplog.text
    (one,) = aside(used)
    assert runs(one) == 500 and trouble(one), "the old one as it was"


@pytest.fixture
def readable(used, monkeypatch):
    """As a user without the right to write sees it at first; the one who runs tests may have every right."""
    usual, looks = module.connected, []

    def connected(path):
        looks.append(path)
        if len(looks) > 1:
            return usual(path)
        return sqlite3.connect(uris.opened(path, "ro&immutable=1"), uri=True, isolation_level=None)

    monkeypatch.setattr(module, "connected", connected)
    return used


def test_one_that_can_only_be_read_is_replaced_by_a_copy(readable, caplog):
    prepare(readable, replaceable=True)
    assert runs(readable) == 500 and "could only be read" in caplog.text and len(aside(readable)) == 1


def test_somebody_else_s_that_can_only_be_read_is_not_touched(readable):
    kept, content = os.lstat(readable), readable.read_bytes()
    with pytest.raises(UnreachableError, match="can only be read") as refused:
        prepare(readable, replaceable=False)
    assert "--tracking-uri" in refused.value.help
    assert os.lstat(readable).st_ino == kept.st_ino and readable.read_bytes() == content and not aside(readable)


def test_the_copy_has_what_stands_in_its_log_alone(readable):
    with contextlib.closing(sqlite3.connect(readable, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("INSERT INTO runs VALUES ('of the log')")
        assert readable.with_name("mlflow.db-wal").stat().st_size > 0
        prepare(readable, replaceable=True)
    assert runs(readable) == 501 and trouble(readable) == ""


def test_one_that_can_only_be_read_and_not_now_is_left(readable, monkeypatch):
    monkeypatch.setattr(module, "LOCKED", 0.05)
    with contextlib.closing(sqlite3.connect(readable, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UnreachableError, match="database is locked"):
            prepare(readable, replaceable=True)
    assert not aside(readable) and runs(readable) == 500
    assert [path.name for path in readable.parent.iterdir() if "draft" in path.name] == []


def test_a_locked_one_is_waited_for_and_never_set_aside(used, monkeypatch):
    monkeypatch.setattr(module, "LOCKED", 0.05)
    other = sqlite3.connect(used, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(UnreachableError, match="database is locked"):
        prepare(used, replaceable=True)
    other.close()
    assert not aside(used)
    prepare(used, replaceable=True)
    assert runs(used) == 500


def test_a_maker_that_takes_too_long_is_an_error(place, monkeypatch):
    from filelock import FileLock

    monkeypatch.setattr(module, "MAKING", 0.05)
    place.parent.mkdir()
    with FileLock(f"{place}.lock"), pytest.raises(UnreachableError, match="another process"):
        prepare(place, replaceable=True)


def test_what_a_killed_maker_left_is_swept_away(place):
    place.parent.mkdir()
    for end in ("", "-wal", "-journal"):
        (place.parent / f".mlflow.db.{'a' * 32}.draft{end}").write_text("half made")
    (place.parent / ".mine.draft").write_text("somebody else's")
    prepare(place, replaceable=True)
    assert sorted(one.name for one in place.parent.iterdir() if "draft" in one.name) == [".mine.draft"]


def test_where_nothing_can_be_made_is_said(tmp_path):
    (tmp_path / "tracking").write_text("in the way")
    with pytest.raises(UnreachableError, match="can't be used"):
        prepare(tmp_path / "tracking" / "mlflow.db", replaceable=True)
