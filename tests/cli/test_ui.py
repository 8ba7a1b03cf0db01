"""`lmcspec ui` where there is nothing to show, or a server that shows it already: nothing is started, nothing written."""

import sys
from pathlib import Path

import pytest

from lmcspec.track import serve


@pytest.fixture
def served(monkeypatch):
    """What was served; nothing is."""
    calls = []
    monkeypatch.setattr(serve, "serve", lambda *arguments: calls.append(arguments))
    return calls


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("words", [("ui",), ("ui", "--port", "0", "--tracking-uri", "sqlite:///own.db"), ("sync",)])
def test_without_a_store_none_is_made(place, lmcspec, served, words, there):
    Path("study.toml").unlink()
    if there:
        Path(".lmcspec").mkdir()
    before, loaded = sorted(place.rglob("*")), "mlflow" in sys.modules
    said = lmcspec(*words)
    assert (said.code, said.out) == (4, "")
    assert "there is no store at" in said.err and ".lmcspec" in said.err
    assert "`lmcspec run SPEC` makes one; name an existing one with --store or LMCSPEC_STORE" in said.err
    assert (sorted(place.rglob("*")), served, "mlflow" in sys.modules) == (before, [], loaded)


def test_a_server_is_named_and_not_started(place, finished, lmcspec, served):
    said = lmcspec("ui", "--store", str(finished), "--tracking-uri", "http://127.0.0.1:9")
    assert (said.code, served) == (0, [])
    assert "http://127.0.0.1:9 is a server: open it in a browser" in said.err


def test_a_password_in_an_address_is_not_shown(place, finished, lmcspec, served):
    said = lmcspec("ui", "--store", str(finished), "--tracking-uri", "https://me:secret@host.example/x")
    assert (said.code, served) == (0, [])
    assert "https://host.example/x is a server" in said.err and "secret" not in said.out + said.err


def test_a_store_is_served_from_its_own_database(place, finished, lmcspec, served):
    assert lmcspec("ui", "--store", str(finished), "--port", "1234").code == 0
    ((uri, store, port, _),) = served
    assert uri.startswith("sqlite:") and uri.endswith("mlflow.db")
    assert (store.root, port) == (finished, 1234)
