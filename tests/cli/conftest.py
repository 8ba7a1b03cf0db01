"""A command line to call from tests, a folder to do it in, and a store in which the small study has run."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from specs_for_tests import STABILITY

from lmcspec.cli import main


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def data(self):
        document = json.loads(self.out)
        assert document["schema"] == "lmcspec/1"
        return document["data"]


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LMCSPEC_STORE", raising=False)
    monkeypatch.delenv("LMCSPEC_DATA", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    Path("study.toml").write_text(STABILITY)
    return tmp_path


@pytest.fixture
def lmcspec(capsys):
    def call(*arguments: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        captured = capsys.readouterr()
        return Said(int(stopped.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A store in which the study has run."""
    place = tmp_path_factory.mktemp("finished")
    (place / "study.toml").write_text(STABILITY)
    with pytest.raises(SystemExit) as stopped:
        main(["run", str(place / "study.toml"), "--store", str(place / "store"), "--runner", "inline"])
    assert not stopped.value.code
    return place / "store"
