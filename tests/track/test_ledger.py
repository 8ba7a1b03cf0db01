"""What was told to a server, on a disk that is not as it should be."""

import itertools
import sqlite3

import pytest

from lmcspec.report import tracked as reporter
from lmcspec.store import Store
from lmcspec.track import Tracker, tracking_uri
from lmcspec.track import ledger as ledger_module
from lmcspec.track.ledger import Ledger
from lmcspec.track.troubles import UnreachableError


def test_a_damaged_ledger_is_made_again(tmp_path):
    (tmp_path / "a.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with Ledger(tmp_path / "a.sqlite") as ledger:
        assert ledger.runs("") == {}
        ledger.assign("subject", "run")
    with Ledger(tmp_path / "a.sqlite") as ledger:
        assert ledger.run("subject") == "run"


def test_a_study_is_forgotten_with_what_was_sent_of_its_tasks_and_of_no_others(tmp_path):
    with Ledger(tmp_path / "a") as ledger:
        for study, task in (("x", "ab"), ("y", "a"), ("y", "abc")):
            ledger.assign(f"task/{study}/{task}", f"run of {task}")
            ledger.move_all({f"metrics/{task}/": 1, f"metrics/{task}/attempt": 2, f"metrics/{task}0": 3})
        ledger.forget("x", [])
        kept = [f"metrics/{task}{end}" for task in ("ab", "a", "abc") for end in ("/", "/attempt", "0")]
        assert [ledger.offset(name) for name in kept] == [0, 0, 3, 1, 2, 3, 1, 2, 3]


def test_forgetting_many_tasks_takes_no_more_for_each(tmp_path):
    """In steps of sqlite's, a thousand at a time."""

    def steps(tasks):
        with Ledger(tmp_path / f"{tasks}") as ledger:
            for number in range(tasks):
                ledger.assign(f"task/x/{number:064}", f"run {number}")
                ledger.move(f"metrics/{number:064}/attempt", 1)
            taken = itertools.count()
            ledger._database.set_progress_handler(lambda: next(taken) < 0, 1000)
            ledger.forget("x", [])
            return next(taken)

    assert steps(1200) < 4 * steps(400)


def test_one_that_can_t_be_opened_now_is_not_thrown_away(tmp_path):
    (tmp_path / "a.sqlite").mkdir()
    with pytest.raises(sqlite3.OperationalError):
        Ledger(tmp_path / "a.sqlite")
    assert (tmp_path / "a.sqlite").is_dir()


def test_one_that_can_t_be_used_now_is_closed(tmp_path, monkeypatch):
    opened = []

    def refuse(connection):
        opened.append(connection)
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(ledger_module, "refuse_strange", refuse)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        Ledger(tmp_path / "a.sqlite")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


def test_where_nothing_can_be_noted_is_as_good_as_no_answer(tmp_path):
    store = Store.open(tmp_path / "store")
    (store.root / "tracking").rmdir()
    (store.root / "tracking").write_text("in the way")
    tracker = Tracker(store, tracking_uri(store, None), reporter)
    assert tracker.unsent()
    with pytest.raises(UnreachableError, match="can't be noted in the store"):
        tracker.sync()


def test_a_new_one_is_one_transaction(tmp_path):
    """The header of a file of sqlite's counts them, at byte 24."""
    path = tmp_path / "ledger"
    with Ledger(path):
        pass
    assert int.from_bytes(path.read_bytes()[24:28], "big") == 1
    with Ledger(path):
        pass
    assert int.from_bytes(path.read_bytes()[24:28], "big") == 1
