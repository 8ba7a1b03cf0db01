# pyright: reportOptionalContextManager=false, reportOptionalMemberAccess=false
"""What a store knows of one model of GPU, among objects of several that are written down here."""

import sqlite3
import sys
import threading

import pytest

from lmcspec.plan.history import StoreHistory
from lmcspec.store import Store, open_attempt, take

SECONDS = {
    "cpu": 1.0,
    "NVIDIA A100-SXM4-80GB": 2.0,
    "NVIDIA A100-SXM4-40GB MIG 1g.5gb": 3.0,
    "NVIDIA A10": 4.0,
    "NVIDIA L4": 5.0,
    "NVIDIA L40S": 6.0,
    "NVIDIA GeForce RTX 4090": 7.0,
    "NVIDIA GeForce RTX 4090 Laptop GPU": 8.0,
}


@pytest.fixture
def history(tmp_path):
    store = Store.open(tmp_path / "store")
    for number, (device, seconds) in enumerate(SECONDS.items()):
        identifier = f"{number:064x}"
        with take(store, identifier) as lease:
            record = {"kind": "train", "model": "m", "units": 1, "seconds": seconds, "numerics": {"device": device}}
            open_attempt(store, identifier, lease).commit({"kind": "train"}, {"scalars": {}, "outcome": "ok"}, record)
    return StoreHistory(store)


@pytest.mark.parametrize(
    ("device", "seconds"),
    [("cpu", 1.0), ("a100", 2.0), ("a10", 4.0), ("l4", 5.0), ("l40s", 6.0), ("rtx4090", 7.0), ("NVIDIA A10", 4.0)],
)
def test_what_another_model_took_is_not_taken_for_it(history, device, seconds):
    rate = history.rates("train", "m", device)
    assert (rate.median, rate.n) == (seconds, 1)


def test_devices_that_nothing_ran_on_and_all_of_them(history):
    assert history.rates("train", "m", "h200") is None
    assert history.rates("train", "other", "cpu") is None
    assert history.rates("train", "m").n == len(SECONDS)


def test_its_index_is_closed_when_nobody_asks_any_more(tmp_path):
    history = StoreHistory(Store.open(tmp_path / "store"))
    assert history.rates("train", "m") is None
    connection = history._index._connection
    del history
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_so_it_is_by_another_thread_that_throws_it_away(tmp_path, monkeypatch):
    """To whom an error would be told by nobody."""
    raised = []
    monkeypatch.setattr(sys, "unraisablehook", raised.append)
    histories = [StoreHistory(Store.open(tmp_path / "store"))]
    histories[0].rates("train", "m")
    connection = histories[0]._index._connection
    thread = threading.Thread(target=histories.clear)
    thread.start()
    thread.join()
    assert not histories and not raised
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
