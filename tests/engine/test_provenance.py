"""Where a run comes from, against a repository made for the purpose."""

import getpass
import subprocess

import pytest

from lmcspec.engine import provenance as module
from lmcspec.engine.provenance import Provenance, provenance


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "a.toml").write_text("study = 'a'\n")
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "one"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    return tmp_path


def commit_of(repository):
    found = subprocess.run(["git", "-C", str(repository), "rev-parse", "HEAD"], capture_output=True, check=True)
    return found.stdout.decode().strip()


def test_the_commit_and_whether_anything_has_changed_since(repository):
    subprocess.run(["git", "-C", str(repository), "tag", "v1"], check=True)
    clean = Provenance("lmcspec run a.toml", getpass.getuser(), commit_of(repository))
    assert provenance("lmcspec run a.toml", repository) == clean
    (repository / "untracked").touch()
    assert provenance("lmcspec run a.toml", repository) == clean
    (repository / "a.toml").write_text("study = 'b'\n")
    assert provenance("x", repository).dirty
    (repository / "sub").mkdir()
    assert provenance("x", repository / "sub").commit == clean.commit


def test_without_a_repository_git_or_patience_nothing_is_said(repository, tmp_path_factory, monkeypatch):
    nowhere = tmp_path_factory.mktemp("nowhere")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(nowhere.parent))
    assert provenance("x", nowhere) == Provenance("x", getpass.getuser())
    assert provenance("x", nowhere / "missing").commit == ""
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    assert provenance("x", repository).commit == ""
    monkeypatch.setenv("PATH", "")
    assert provenance("x", repository).commit == ""


def test_a_user_without_a_name(monkeypatch, tmp_path):
    monkeypatch.setattr(getpass, "getuser", lambda: (_ for _ in ()).throw(KeyError("getpwuid(): uid not found: 1234")))
    assert provenance("x", tmp_path).user == ""
