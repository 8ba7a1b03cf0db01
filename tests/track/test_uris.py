"""Paths as URIs: in one place, and back to the same path whatever they hold."""

import ast
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url

import lmcspec
import lmcspec_runners
from lmcspec.store import Store
from lmcspec.track import default_uri, uris
from lmcspec.track.where import own_database

STRANGE = ["a?b", "p%41q", "h#h", "s p", "ü€", "a&b;c", "n\nl", "q'\"q", "$x~{y}", "c:d@e+f=g", "100%", "back\\slash", "[x]*", "a%3Fb", "tab\tx", "file:", "?uri=true", "%%", "%", " ", "\x7f\x01"]  # fmt: skip


@pytest.mark.parametrize("name", ["plain", *STRANGE])
def test_sqlalchemy_opens_the_file_of_that_name(name, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    path = folder / "mlflow.db"
    uri = uris.database(path)
    assert make_url(uri).database == str(path) and not make_url(uri).query
    assert uris.database_file(uri) == path
    sqlite3.connect(path).execute("CREATE TABLE x (a)").connection.close()
    with sqlite3.connect(uris.opened(path, "rw"), uri=True) as connection:
        assert connection.execute("SELECT count(*) FROM x").fetchone() == (0,)
    connection.close()
    assert [one.name for one in tmp_path.iterdir()] == [name]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=20))
def test_and_back(name):
    path = Path("/tmp") / name / "mlflow.db"
    assert uris.database_file(uris.database(path)) == path


@pytest.mark.parametrize("name", STRANGE)
def test_before_sqlalchemy_2_1_sqlite_itself_reads_percents(name, tmp_path, monkeypatch):
    monkeypatch.setattr(uris, "version", lambda package: "2.0.43")
    path = tmp_path / name / "mlflow.db"
    path.parent.mkdir()
    uri = uris.database(path)
    assert uris.database_file(uri) == path
    inner = uri.partition(":///")[2].replace("?uri=true", "?mode=rwc")
    sqlite3.connect(inner, uri=True).execute("CREATE TABLE x (a)").connection.close()
    assert path.is_file() and [one.name for one in tmp_path.iterdir()] == [name]


def test_a_plain_path_has_the_uri_that_it_always_had(tmp_path):
    store = Store.open(tmp_path / "store")
    assert default_uri(store) == f"sqlite:///{own_database(store)}"


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:5000", "sqlite://", "sqlite:///", "sqlite:///:memory:", "postgresql:///x", "", "x"]
)
def test_what_is_no_file(uri):
    assert uris.database_file(uri) is None


def test_a_relative_file_is_one():
    assert uris.database_file("sqlite:///mlflow.db") == Path("mlflow.db")


def test_no_other_place_spells_a_path_as_a_uri():
    found = []
    for root in (Path(lmcspec.__file__).parent, Path(lmcspec_runners.__file__).parent):
        for file in root.rglob("*.py"):
            if file.name == "uris.py":
                continue
            tree = ast.parse(file.read_text())
            # What a sentence says of URIs builds none.
            sentences = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and node.attr == "as_uri":
                    found.append((file.name, node.lineno))
                text = node.value if isinstance(node, ast.Constant) and id(node) not in sentences else ""
                if isinstance(text, str) and ("sqlite:" in text or "file:/" in text or text == "file:"):
                    found.append((file.name, node.lineno))
    assert found == []
