"""Curves are read a piece at a time, however long their files are."""

import json

from server_for_tests import FakeMlflow
from tracked_for_tests import Quick, tracker_of

from lmcspec.store import Store, layout
from lmcspec.track import Ledger, curves, tracker
from lmcspec.track.curves import PIECE, grown

TASK = "a" * 64


def write(store, attempt, steps):
    path = layout.attempt_folder(store.root, TASK, attempt) / layout.METRICS
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        for step in steps:
            file.write(json.dumps({"name": "loss/train", "value": step / 7, "step": step, "at": 5.0}) + "\n")
    return path


def test_a_long_file_comes_in_pieces_that_go_on_from_each_other(tmp_path):
    store, attempts = Store.open(tmp_path / "store"), ("1" * 32, "2" * 32)
    ends = [write(store, attempts[0], range(2 * PIECE + 5)), write(store, attempts[1], range(3))]
    with Ledger(tmp_path / "ledger") as ledger:
        pieces = grown(TASK, None, store, ledger)
        first = next(pieces)
        ledger.move_all(first.offsets)
        rest = list(grown(TASK, None, store, ledger))
        assert [len(piece.points) for piece in (first, *rest)] == [PIECE, PIECE, 5, 3]
        values = [point.value for piece in (first, *rest) for point in piece.points]
        assert values == [step / 7 for steps in (2 * PIECE + 5, 3) for step in range(steps)]
        for piece in rest:
            ledger.move_all(piece.offsets)
        assert list(grown(TASK, None, store, ledger)) == []
        names = [f"metrics/{TASK}/{attempt}" for attempt in attempts]
        assert [ledger.offset(name) for name in names] == [path.stat().st_size for path in ends]
        write(store, attempts[1], [3])
        ((points, _),) = grown(TASK, None, store, ledger)
        assert [point.step for point in points] == [3]


def test_what_is_told_in_pieces_is_the_same(store, mlflow, monkeypatch):
    def three(root, path, begin, shape):
        """However long the small trainings took, their curves have three points."""
        return iter([(n, {"name": "loss/train", "value": n / 7, "step": n, "at": 5.0}) for n in (1, 2, 3) if n > begin])

    monkeypatch.setattr(curves, "lines", three)
    tracker_of(store).sync()
    whole = FakeMlflow()
    monkeypatch.setattr(tracker, "Server", whole.connect)
    monkeypatch.setattr(curves, "PIECE", 1)
    tracker.Tracker(store, "http://another.server", Quick()).sync()
    assert whole.state == mlflow.state and whole.requests > mlflow.requests
