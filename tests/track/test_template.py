"""MLflow's tables from the cache, against those that MLflow makes in the same place."""

import contextlib
import re
import sqlite3

import pytest

from lmcspec.track import template, uris
from lmcspec.track.database import close_connections, trouble

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Tables that MLflow has made, in a folder of this name."""
    folder = tmp_path_factory.mktemp("made")
    with contextlib.chdir(folder):
        return by_mlflow(folder / "made.db")


@pytest.fixture
def kept(made, tmp_path, monkeypatch):
    """The same, kept in a cache of this test's own: the file there."""
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(made.parent)
    template.keep(made)
    (file,) = (tmp_path / "cache").rglob("*.tables")
    return file


def by_mlflow(path):
    from mlflow import MlflowClient

    MlflowClient(tracking_uri=uris.database(path)).search_experiments()
    close_connections(path)
    return path


def content(path):
    """All of it, but for the moment in which it was made and the order of indexes and of a table's constraints."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return sorted(ordered(re.sub(r"\b1\d{12}\b", "now", line)) for line in connection.iterdump())


def ordered(statement):
    """A statement with the constraints of a table in order, which is another each time."""
    head, *constraints = re.split(
        r",\s*\n\t(?=CONSTRAINT |FOREIGN |CHECK |PRIMARY |UNIQUE )", statement.removesuffix("\n);")
    )
    return "\n".join([head, *sorted(constraints)])


def test_a_copy_is_what_mlflow_makes_there(kept, tmp_path, monkeypatch):
    other = tmp_path / "elsewhere"
    other.mkdir()
    monkeypatch.chdir(other)
    assert template.copied(other / "copy.db")
    assert trouble(other / "copy.db") == ""
    assert content(other / "copy.db") == content(by_mlflow(other / "own.db"))
    assert any(f"'{other}/mlruns/0'" in line for line in content(other / "copy.db"))


def test_one_that_is_damaged_or_of_other_versions_is_none(kept, tmp_path, monkeypatch):
    whole = kept.read_bytes()
    for at in (0, 40, len(whole) // 2, len(whole) - 1):
        kept.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert not template.copied(tmp_path / "copy.db")
    for cut in (b"", whole[:20], whole[:-1]):
        kept.write_bytes(cut)
        assert not template.copied(tmp_path / "copy.db")
    kept.write_bytes(whole)
    monkeypatch.setattr(template, "version", lambda name: "0.1")
    assert not template.copied(tmp_path / "copy.db") and not (tmp_path / "copy.db").exists()
    monkeypatch.undo()


def test_what_lies_there_instead_is_left_alone(kept, tmp_path):
    for wrong in (lambda: kept.symlink_to(tmp_path / "link"), kept.mkdir):
        kept.unlink(missing_ok=True)
        wrong()
        assert not template.copied(tmp_path / "copy.db")


def test_where_a_folder_is_spelled_otherwise_in_a_uri_mlflow_makes_them(kept, tmp_path, monkeypatch):
    strange = tmp_path / "a b#c"
    strange.mkdir()
    monkeypatch.chdir(strange)
    assert not template.copied(tmp_path / "copy.db")


@pytest.mark.parametrize(
    "changed",
    [
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (7, 'mine', 'active')",
        "UPDATE experiments SET artifact_location = 's3://mine'",
        "INSERT INTO params VALUES ('a', 'b', 'c')",
    ],
)
def test_what_holds_more_is_not_kept(changed, made, tmp_path, monkeypatch):
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(made.parent)
    other = tmp_path / "other.db"
    other.write_bytes(made.read_bytes())
    with contextlib.closing(sqlite3.connect(other)) as connection, connection:
        connection.execute(changed)
    template.keep(other)
    assert not (tmp_path / "cache").exists()


def test_where_nothing_can_be_kept_nothing_is(made, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LMCSPEC_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.chdir(made.parent)
    template.keep(made)
    assert not template.copied(tmp_path / "copy.db")
