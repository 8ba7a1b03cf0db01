import shutil
import sys
import threading
from pathlib import Path

import pytest

# What these tests share is imported from their folder.
sys.path.insert(0, str(Path(__file__).parent))

from server_for_tests import FakeMlflow
from tracked_for_tests import SPEC, run

from lmcspec.store import Store
from lmcspec.track import tracker


@pytest.fixture(scope="session")
def spec(tmp_path_factory):
    path = tmp_path_factory.mktemp("spec") / "tracked.toml"
    path.write_text(SPEC)
    return path


@pytest.fixture(scope="session")
def finished(spec, tmp_path_factory):
    """A store in which the study has run, untracked. Not to be changed: take `store`."""
    path = tmp_path_factory.mktemp("finished") / "store"
    run(spec, path)
    yield path
    assert not list((path / "tracking").iterdir()), "a test told about this store, and not about a copy of its own"


@pytest.fixture
def store(finished, tmp_path):
    path = tmp_path / "store"
    shutil.copytree(finished, path)
    return Store.open(path)


@pytest.fixture
def mlflow(monkeypatch):
    fake = FakeMlflow()
    monkeypatch.setattr(tracker, "Server", fake.connect)
    return fake


@pytest.fixture(autouse=True)
def no_writer_is_left(monkeypatch):
    """A thread that a test gave up on must not tell the next test's server anything."""
    yield
    for thread in threading.enumerate():
        if thread.name == "tracking":
            thread.join(30)
            assert not thread.is_alive()
