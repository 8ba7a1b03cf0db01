"""What a run writes for the sake of later ones, on a disk that refuses it: its own results come all the same."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from lmcspec.cli import main
from lmcspec.engine import journal
from lmcspec.store import Store, index, recorded_studies

SPEC = """
study = "cached"
dataset = "digits"
model = { name = "mlp", widths = [16] }
[recipes.real]
length = "1ep"
batch = 256
optimiser = { name = "sgd", lr = 0.1 }
[networks]
imp = [{ data = "real", rounds = 3, fraction = 0.5 }]
[measures]
accuracy = {}
"""
"""Seven tasks: enough for a run to remember how long it took."""


@pytest.fixture
def run(tmp_path, capsys):
    """Run the study as a user does: its exit code, what it printed, what it said."""
    (tmp_path / "study.toml").write_text(SPEC)

    def run():
        with pytest.raises(SystemExit) as stopped:
            main(["run", str(tmp_path / "study.toml"), "--store", str(tmp_path / "store"), "--runner", "inline"])
        printed = capsys.readouterr()
        return stopped.value.code or 0, printed.out, printed.err

    return run


def folder_of(target, dst_dir_fd=None, **_) -> Path:
    """The folder into which something is moved, named by its path or by a descriptor."""
    return Path(target).parent if dst_dir_fd is None else Path(os.readlink(f"/proc/self/fd/{dst_dir_fd}"))


def refuse(monkeypatch, number, *folders):
    """Make it impossible to put a file into these folders of a store."""
    move = os.replace

    def moved(source, target, **more):
        if folder_of(target, **more).name in folders:
            raise OSError(number, os.strerror(number), str(source))
        return move(source, target, **more)

    monkeypatch.setattr(os, "replace", moved)


def shows_results(printed: str) -> bool:
    return "87.5%" in printed and "imp" in printed


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EISDIR])
@pytest.mark.parametrize("folders", [("facts",), ("studies",), ("facts", "studies")], ids="-".join)
def test_a_cache_that_can_t_be_written_is_a_warning(run, tmp_path, monkeypatch, caplog, folders, number):
    """And where it is the recorded plan, for which the store keeps results, the run ends with an error."""
    refuse(monkeypatch, number, *folders)
    code, printed, said = run()
    assert code == (4 if "studies" in folders else 0)
    assert ("before any `lmcspec gc`" in said) == ("studies" in folders)
    assert shows_results(printed)
    assert "7 done" in said and "Traceback" not in said
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    # A plan, before the run and after it; the facts of the model, and how long the run took.
    assert len(warnings) == 2 * ("studies" in folders) + 2 * ("facts" in folders)
    assert all("was not written" in line and os.strerror(number) in line and "\n" not in line for line in warnings)
    for folder in folders:
        assert list((tmp_path / "store" / folder).iterdir()) == []


def test_without_trouble_all_are_written(run, tmp_path, caplog):
    code, printed, _ = run()
    assert (code, shows_results(printed), caplog.records) == (0, True, [])
    assert recorded_studies(Store.open(tmp_path / "store")) == ["cached"]
    assert len(list((tmp_path / "store" / "facts").iterdir())) == 2


def test_an_index_on_a_full_disk_is_a_warning(run, tmp_path, monkeypatch, caplog):
    connect = index.connect

    def full(path, local):
        """A real connection to a database that may not grow."""
        connection, fresh = connect(path, local)
        if str(path) != ":memory:":
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")
            with pytest.raises(sqlite3.OperationalError, match="full"):
                connection.execute("CREATE TABLE more (x)")
        return connection, fresh

    monkeypatch.setattr(index, "connect", full)
    # Rows large enough not to fit into the pages that are there.
    row = index.entry_of
    monkeypatch.setattr(index, "entry_of", lambda stored: row(stored)._replace(digest="x" * 9000))
    code, printed, said = run()
    assert code == 0
    assert shows_results(printed)
    assert "Traceback" not in said
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1, "and not one for every task"
    assert "can't be written" in warnings[0] and "full" in warnings[0]


def test_a_journal_on_a_full_disk_is_a_warning(run, monkeypatch, caplog):
    """Every line fails, and so does closing the file, which has the rest to write."""
    begin = journal.open_journal

    def full(*arguments):
        written = begin(*arguments)
        written._file.close()
        written._file = open("/dev/full", "a", encoding="utf-8")  # noqa: SIM115
        return written

    monkeypatch.setattr(journal, "open_journal", full)
    code, printed, said = run()
    assert code == 0
    assert shows_results(printed)
    assert "Traceback" not in said
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "can't be tracked" in warning and os.strerror(errno.ENOSPC) in warning


def test_a_journal_that_can_t_be_begun_leaves_nothing(run, tmp_path, monkeypatch, caplog):
    move = os.rename

    def moved(source, target, **more):
        if folder_of(target, **more).name == "invocations":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        return move(source, target, **more)

    monkeypatch.setattr(os, "rename", moved)
    code, printed, _ = run()
    assert (code, shows_results(printed)) == (0, True)
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "this run can't be tracked" in warning
    assert list((tmp_path / "store" / "invocations").iterdir()) == []
