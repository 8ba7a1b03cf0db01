"""Files of runs go into the store and nowhere else, whatever MLflow's database says and whatever links lie there."""

import contextlib
import os
import sqlite3

import pytest

from lmcspec.base.beneath import ForeignError
from lmcspec.store import Store, Stored
from lmcspec.track import described, kept
from lmcspec.track.evidence import OWNER, mark_of
from lmcspec.track.ledger import Ledger
from lmcspec.track.troubles import RefusedError
from lmcspec.track.where import artifacts

RUN = "ab" * 16


@pytest.fixture
def store(tmp_path):
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "one.svg").write_text("theirs")
    return Store.open(tmp_path / "store")


def test_a_file_lies_where_mlflow_looks_for_it(store):
    kept.put(store, RUN, "figures/one.svg", b"<svg/>")
    kept.put(store, RUN, "figures/one.svg", b"<svg>again</svg>")
    path = store.root / "tracking" / "artifacts" / RUN / "artifacts" / "figures" / "one.svg"
    assert path.read_bytes() == b"<svg>again</svg>"
    assert kept.is_here(store, RUN, f"{artifacts(store)}/{RUN}/artifacts")
    assert not kept.is_here(store, RUN, f"{artifacts(store)}/{'cd' * 16}/artifacts")


@pytest.mark.parametrize("part", ["", RUN, f"{RUN}/artifacts", f"{RUN}/artifacts/f", f"{RUN}/artifacts/f/one.svg"])
def test_no_link_is_followed(store, tmp_path, part):
    path = store.root / "tracking" / "artifacts" / part
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(tmp_path / "victim" / ("one.svg" if path.suffix else ""))
    with pytest.raises(ForeignError, match="is a symbolic link"):
        kept.put(store, RUN, "f/one.svg", b"ours")
    assert os.listdir(tmp_path / "victim") == ["one.svg"]
    assert (tmp_path / "victim" / "one.svg").read_text() == "theirs"


@pytest.mark.parametrize("run", ["..", f"../{RUN}", "", RUN.upper(), f"{RUN}\n", "../../../victim"])
def test_what_is_no_run_has_no_files(store, run):
    with pytest.raises(RefusedError, match="is no run"):
        kept.put(store, run, "one.svg", b"ours")
    assert not kept.is_here(store, run, f"{artifacts(store)}/{run}/artifacts")


@pytest.mark.parametrize("path", ["../one.svg", "/etc/one.svg", "", "a/../../../../one.svg"])
def test_what_is_no_path_below_a_run_is_none(store, path):
    with pytest.raises(RefusedError, match="is no path"):
        kept.put(store, RUN, path, b"ours")


def test_a_database_that_names_another_place_is_put_right_where_it_is_about_this_store(store, tmp_path):
    """That of a store that was moved; what is not of this store stays as it is."""
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection:
        connection.executescript(f"""
            CREATE TABLE experiments (experiment_id INTEGER, artifact_location TEXT);
            CREATE TABLE experiment_tags (experiment_id INTEGER, key TEXT, value TEXT);
            CREATE TABLE runs (run_uuid TEXT, artifact_uri TEXT);
            CREATE TABLE tags (run_uuid TEXT, key TEXT, value TEXT);
            INSERT INTO experiments VALUES (1, 'file:///home/victim'), (2, 'file:///other');
            INSERT INTO experiment_tags VALUES (1, '{mark_of(store)}', 'x');
            INSERT INTO runs VALUES ('{RUN}', 'file:///home/victim'), ('theirs', 'file:///other');
            INSERT INTO tags VALUES ('{RUN}', '{OWNER}', '{store.id}'), ('theirs', '{OWNER}', 'another');
        """)
    kept.write_places(tmp_path / "mlflow.db", store)
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection:
        home = artifacts(store)
        assert connection.execute("SELECT * FROM experiments").fetchall() == [(1, home), (2, "file:///other")]
        found = connection.execute("SELECT * FROM runs").fetchall()
    assert found == [(RUN, f"{home}/{RUN}/artifacts"), ("theirs", "file:///other")]
    assert kept.is_here(store, RUN, found[0][1])


@pytest.mark.parametrize(
    "planted",
    [
        "INSERT INTO runs VALUES ('subject', X'00')",
        "INSERT INTO offsets VALUES ('metrics', 'far')",
        "INSERT INTO offsets VALUES ('metrics', -1)",
        "INSERT INTO points VALUES ('r', 'm', 'first', 1.0)",
        "INSERT INTO notes VALUES ('generation/series/x', 'second')",
        "CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM runs; END",
        "DROP TABLE runs; CREATE TABLE runs (other)",
        "DROP TABLE runs; CREATE VIEW runs AS SELECT 'a' AS role, 'b' AS run",
    ],
)
def test_a_ledger_that_holds_what_none_does_is_made_again(tmp_path, planted):
    with Ledger(tmp_path / "a.sqlite") as ledger:
        ledger.assign("subject", "run")
        ledger.write("generation/series/y", "2")
        ledger.move("journal", 7)
    with Ledger(tmp_path / "a.sqlite") as ledger:
        assert (ledger.run("subject"), ledger.offset("journal")) == ("run", 7)
    with contextlib.closing(sqlite3.connect(tmp_path / "a.sqlite")) as connection:
        connection.executescript(planted.replace("INSERT INTO", "INSERT OR REPLACE INTO"))
    with Ledger(tmp_path / "a.sqlite") as ledger:
        assert ledger.run("subject") is None and ledger.offset("metrics") == 0
        ledger.assign("subject", "another")
    with Ledger(tmp_path / "a.sqlite") as ledger:
        assert ledger.run("subject") == "another"


def test_a_result_that_does_not_say_when_it_was_committed_is_told_all_the_same(tmp_path):
    stored = Stored("ab" * 32, tmp_path, {"files": {}, "scalars": {"test_error": 0.25}, "outcome": "ok"}, {})
    assert [(point.value, point.at) for point in described.points(stored)] == [(0.25, 0.0)]


def test_numbers_of_a_measure_are_end_values_of_its_run_but_those_of_layers(tmp_path):
    metrics = {"fixed-points": 0.5, "layer-fixed-points/stem": 0.25, "all/mean": 1.5}
    stored = Stored("ab" * 32, tmp_path, {"files": {}, "scalars": {"metrics": metrics}, "outcome": "ok"}, {})
    found = {point.metric: point.value for point in described.points(stored)}
    assert found == {"final/fixed-points": 0.5, "final/all mean": 1.5}


def test_names_that_are_no_text_are_damage(tmp_path):
    with Ledger(tmp_path / "a.sqlite") as ledger:
        ledger.assign("subject", "run")
    content = (tmp_path / "a.sqlite").read_bytes()
    (tmp_path / "a.sqlite").write_bytes(content.replace(b"role TEXT PRIMARY", b"r\xe1le TEXT PRIMARY"))
    with Ledger(tmp_path / "a.sqlite") as ledger:
        assert ledger.run("subject") is None
