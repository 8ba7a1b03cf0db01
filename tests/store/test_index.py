# pyright: reportCallIssue=false, reportOptionalMemberAccess=false
import shutil
import sqlite3
import statistics
from pathlib import Path

import pytest

from lmcspec.store import Index, Rate, Store, index_path
from lmcspec.store import index as index_module


def local(_):
    return "ext4"


ADD_ALL = """
import sys
from lmcspec.store import Index, Store
store = Store.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(10):
    with Index(store) as index:
        for one in sys.argv[2:]:
            index.add([one])
        assert index.rates("train").n == len(sys.argv[2:])
print("done")
"""


def test_rows_are_what_was_committed(store, put, name):
    put(store, name(1), files={"x": b"12345"}, seconds=3.0, units=600, model="m" * 64)
    put(store, name(2), kind="prune")
    with Index(store) as index:
        row = next(row for row in index.entries() if row.id == name(1))
        assert (row.kind, row.model, row.units, row.seconds, row.bytes) == ("train", "m" * 64, 600.0, 3.0, 5)
        assert (row.outcome, row.digest) == ("ok", store.find(name(1)).digest)
        assert [row.id for row in index.entries("prune")] == [name(2)]
        assert index.entries("prune")[0].seconds is None


def test_a_driver_adds_what_it_collects(store, put, name):
    with Index(store) as index:
        assert index.ids() == set()
        put(store, name(1))
        assert index.add([name(1), name(2)]) == 1
        assert index.ids() == {name(1)}
        assert index.add([name(1)]) == 1
        assert len(index.entries()) == 1


def test_rates_are_seconds_per_unit(store, put, name):
    values = [0.5, 0.1, 0.9, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6, 1.0, 0.05]
    for number, value in enumerate(values):
        put(store, name(number), seconds=value * 100, units=100, model="a")
    put(store, name("b"), seconds=7.0, model="b")
    put(store, name("none"), model="a")
    put(store, name("nothing"), seconds=1.0, units=0, model="a")
    with Index(store) as index:
        deciles = statistics.quantiles(values, n=10, method="inclusive")
        rate = index.rates("train", "a")
        assert rate == Rate(*map(pytest.approx, (statistics.median(values), deciles[0], deciles[-1])), 11)
        assert index.rates("train", "b") == Rate(7.0, 7.0, 7.0, 1)
        assert index.rates("train") is None
        assert index.rates("prune", "a") is None


def test_the_latest_200_count(store, put, name):
    for number in range(5):
        put(store, name(number), seconds=float(number), committed=float(number))
    with Index(store) as index:
        assert index.seconds("train") == [4.0, 3.0, 2.0, 1.0, 0.0]
        index._connection.executemany(
            "INSERT INTO objects VALUES (?, 'train', '', 1, 9, 0, 'ok', '', ?, 'cpu', NULL, NULL, 0, '')",
            [(str(n), 10.0 + n) for n in range(199)],
        )
        assert index.seconds("train") == [9.0] * 199 + [4.0]


def test_deleting_it_loses_nothing(store, put, name):
    for number in range(5):
        put(store, name(number), seconds=1.0)
    with Index(store) as index:
        before = index.entries()
        index_path(store).unlink()  # and whatever lies beside it stays, as when a person deletes it
        assert len(index.entries()) == 5
    for path in store.root.glob("index.sqlite*"):
        path.unlink()
    with Index(store) as index:
        assert index.entries() == before


@pytest.mark.parametrize("content", [b"this is no database", b"", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_made_again(store, put, name, content):
    put(store, name(1), seconds=1.0)
    index_path(store).write_bytes(content)
    with Index(store) as index:
        assert index.rates("train").n == 1
    with sqlite3.connect(index_path(store)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM objects").fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize("word", [b"objects", b"by_kind", b"kind TEXT", b"WITHOUT"])
def test_one_whose_words_are_no_text_answers_all_the_same(store, put, name, word):
    put(store, name(1), seconds=1.0)
    with Index(store, lambda _: "nfs") as index:
        path = index.path
        assert index.rates("train").n == 1
    path.write_bytes(path.read_bytes().replace(word, b"\xbf" + word[1:]))
    with Index(store, lambda _: "nfs") as index:
        assert index.rates("train").n == 1
        assert index.ids() == {name(1)}


@pytest.mark.parametrize("column", ["id", "kind", "units", "seconds", "bytes", "outcome", "digest", "committed"])
@pytest.mark.parametrize("value", ["x", b"\xff", -1.0, float("inf")])
def test_one_with_values_of_other_types_is_made_again(store, put, name, column, value):
    put(store, name(1), seconds=1.0)
    with Index(store, lambda _: "nfs") as index:
        before = index.entries()
        index._connection.execute(f"UPDATE objects SET {column} = ?", (value,))
    with Index(store, lambda _: "nfs") as index:
        found = index.entries()
        assert found == before or isinstance(getattr(found[0], column), str)
        assert all(isinstance(one, str) for one in index.ids())
        assert index.rates("train") is None or index.rates("train").n == 1


def test_a_file_that_is_damaged_while_it_is_open_is_made_again(store, put, name):
    put(store, name(1), seconds=1.0)
    with Index(store, lambda _: "nfs") as index:  # no WAL, so that nothing hides the damage
        index.path.write_bytes(b"\0" * 20_000)
        assert index.rates("train").n == 1


def test_one_that_was_stopped_while_it_was_filled_is_not_taken_for_a_full_one(store, put, name, monkeypatch):
    for number in range(3):
        put(store, name(number), seconds=1.0)
    filling = []

    def stop(connection, entries):
        filling.append(connection)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(index_module, "insert", stop)
        with pytest.raises(KeyboardInterrupt):
            Index(store)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        filling[0].execute("SELECT 1")
    with Index(store) as index:
        assert index.ids() == {name(number) for number in range(3)}


def test_another_layout_of_the_table_is_made_again(store, put, name):
    put(store, name(1))
    with Index(store):
        pass
    with sqlite3.connect(index_path(store)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("ALTER TABLE objects DROP COLUMN bytes")
    connection.close()
    with Index(store) as index:
        assert index.ids() == {name(1)}


def test_a_damaged_object_is_left_out(store, put, name, caplog):
    put(store, name(1))
    put(store, name(2), units="many")
    put(store, name(3))
    (store.find(name(3)).path / "COMMIT").write_text("{")
    with Index(store) as index:
        assert index.ids() == {name(1)}
    assert "left out of the index" in caplog.text


def test_where_it_lies(store, tmp_path, monkeypatch):
    assert index_path(store, local) == store.root / "index.sqlite"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for kind in ("nfs4", "fuse.sshfs", "lustre"):
        path = index_path(store, lambda _, kind=kind: kind)
        assert path.is_relative_to(tmp_path / "state")
        assert store.id in path.name


def test_a_store_on_a_network_has_no_index_in_it(store, put, name, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    put(store, name(1), seconds=1.0)

    def network(path):
        return "nfs4" if Path(path).is_relative_to(store.root) else "ext4"

    with Index(store, network) as index:
        assert index.rates("train").n == 1
        assert index._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert not list(store.root.glob("index*"))
    other = Store.open(tmp_path / "other")
    with Index(other, lambda _: "nfs4") as index:
        assert index.rates("train") is None, "each store has its own"
        assert index._connection.execute("PRAGMA journal_mode").fetchone() == ("delete",), "no WAL on a network disk"


def test_where_nothing_can_be_written_one_in_memory_serves(store, put, name):
    put(store, name(1), seconds=1.0)
    index_path(store).mkdir()
    with Index(store) as index:
        assert index.rates("train").n == 1


@pytest.fixture
def full_disk(monkeypatch):
    """Real databases that may not grow beyond the pages that an empty index has."""
    connect = index_module.connect

    def full(path, local):
        connection, fresh = connect(path, local)
        if str(path) != ":memory:":
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection, fresh

    monkeypatch.setattr(index_module, "connect", full)


def test_on_a_full_disk_one_in_memory_serves(store, put, name, full_disk, caplog):
    for number in range(100):  # more than a page holds
        put(store, name(number), seconds=1.0)
    with Index(store) as index:
        assert index.rates("train").n == 100
    assert "can't be written" in caplog.text and "full" in caplog.text
    assert not index_path(store).exists(), "nobody takes an empty one for the index"


def test_a_disk_that_fills_up_is_said_once(store, put, name, full_disk, caplog):
    with Index(store) as index:
        for number in range(120):
            put(store, name(number), seconds=1.0)
            index.add([name(number)])
        assert index.rates("train").n == 120
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "can't be written" in warning and "full" in warning


def test_an_object_that_can_t_be_read_is_left_out(store, put, name, caplog):
    put(store, name(1))
    put(store, name(2))
    commit = store.find(name(2)).path / "COMMIT"
    commit.write_text("{")
    with Index(store) as index:
        assert index.ids() == {name(1)}
    assert "left out of the index" in caplog.text
    commit.unlink()
    commit.mkdir()
    with Index(store) as index:
        assert index.add([name(2)]) == 0
        assert index.ids() == {name(1)}


def test_drivers_at_once(store, put, name, python):
    names = [name(number) for number in range(20)]
    for one in names:
        put(store, one, seconds=1.0)
    drivers = [python(ADD_ALL, store.root, *names) for _ in range(4)]
    for driver in drivers:
        assert driver.stdout.readline() == "ready\n"
    for driver in drivers:
        driver.stdin.write("\n")
        driver.stdin.flush()
    for driver in drivers:
        assert driver.communicate(timeout=60)[0] == "done\n"
        assert driver.returncode == 0


def test_a_lock_that_is_held_long_stops_nobody(store, put, name, monkeypatch):
    monkeypatch.setattr("lmcspec.store.index_table._WAIT", 0.05)
    put(store, name(1), seconds=1.0)
    with Index(store) as index:
        blocker = sqlite3.connect(index_path(store), isolation_level=None)
        blocker.execute("BEGIN EXCLUSIVE")
        put(store, name(2), seconds=1.0)
        index.add([name(2)])
        blocker.execute("ROLLBACK")
        blocker.close()
        index.add([name(2)])
        assert index.ids() == {name(1), name(2)}


def test_copies_of_a_store_on_a_network_disk_have_an_index_each(store, put, name, tmp_path):
    """They have one id, and what one forgets the other still has."""
    put(store, name(1))
    shutil.copytree(store.root, tmp_path / "copy")
    copy = Store.open(tmp_path / "copy")
    put(copy, name(2))
    with Index(store, lambda _: "nfs") as index, Index(copy, lambda _: "nfs") as other:
        assert store.id == copy.id and index.path != other.path
        assert (index.ids(), other.ids()) == ({name(1)}, {name(1), name(2)})
        other.forget([name(1)])
        assert (index.ids(), other.ids()) == ({name(1)}, {name(2)})
    (tmp_path / "link").symlink_to(store.root)
    assert index_path(Store.open(tmp_path / "link"), lambda _: "nfs") == index_path(store, lambda _: "nfs")
