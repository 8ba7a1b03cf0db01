"""Neither the ledger, nor MLflow's database, nor its files are written through a link in a store."""

import os

import pytest

from lmcspec.base.beneath import ForeignError
from lmcspec.store import Store, layout
from lmcspec.track.where import artifacts, default_uri, ledger_path


@pytest.fixture
def store(tmp_path):
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "file").write_text("theirs")
    return Store.open(tmp_path / "store")


@pytest.mark.parametrize("suffix", layout.DATABASE)
@pytest.mark.parametrize("which", ["ledger", "mlflow"])
@pytest.mark.parametrize("kind", ["link", "dangling", "pipe"])
def test_a_database_is_a_plain_file(store, which, suffix, kind):
    def place() -> str:
        return str(ledger_path(store, "http://server")) if which == "ledger" else default_uri(store)

    path = store.root / "tracking" / f"{place().rpartition('/')[2]}{suffix}"
    victim = store.root.parent / "victim"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case _:
            path.symlink_to(victim / ("file" if kind == "link" else "new"))
    with pytest.raises(ForeignError, match=r"is a (symbolic link|pipe)"):
        place()
    assert (victim / "file").read_text() == "theirs" and not (victim / "new").exists()


@pytest.mark.parametrize("name", ["artifacts", "artifacts/1"])
def test_files_of_runs_are_kept_in_folders_of_ours(store, name):
    assert artifacts(store).startswith("file://")
    path = store.root / "tracking" / name
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(store.root.parent / "victim")
    with pytest.raises(ForeignError, match="is a symbolic link"):
        artifacts(store)
