"""What was told to a server, on a disk that is not as it should be."""

import sqlite3

import pytest

from lmcspec.report import tracked as reporter
from lmcspec.store import Store
from lmcspec.track import Tracker, tracking_uri
from lmcspec.track.ledger import Ledger
from lmcspec.track.troubles import UnreachableError


def test_a_damaged_ledger_is_made_again(tmp_path):
    (tmp_path / "a.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with Ledger(tmp_path / "a.sqlite") as ledger:
        assert ledger.runs("") == {}
        ledger.assign("subject", "run")
    with Ledger(tmp_path / "a.sqlite") as ledger:
        assert ledger.run("subject") == "run"


def test_one_that_can_t_be_opened_now_is_not_thrown_away(tmp_path):
    (tmp_path / "a.sqlite").mkdir()
    with pytest.raises(sqlite3.OperationalError):
        Ledger(tmp_path / "a.sqlite")
    assert (tmp_path / "a.sqlite").is_dir()


def test_where_nothing_can_be_noted_is_as_good_as_no_answer(tmp_path):
    store = Store.open(tmp_path / "store")
    (store.root / "tracking").rmdir()
    (store.root / "tracking").write_text("in the way")
    tracker = Tracker(store, tracking_uri(store, None), reporter)
    assert tracker.unsent()
    with pytest.raises(UnreachableError, match="can't be noted in the store"):
        tracker.sync()
