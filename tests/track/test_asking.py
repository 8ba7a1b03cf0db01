"""Calls that hang are waited for so long and no longer, and what a server's errors mean."""

import threading
import time

import pytest
from tracked_for_tests import Quick, tracker_of

from lmcspec.track import asking as module
from lmcspec.track import tracker
from lmcspec.track.asking import Asking
from lmcspec.track.troubles import BusyError, RefusedError, UnreachableError, translated


def test_what_is_asked_is_answered_or_raised():
    asking = Asking("somebody", lambda line: None)
    assert asking.call(lambda: 7, 5.0) == 7
    with pytest.raises(ZeroDivisionError):
        asking.call(lambda: 1 / 0, 5.0)
    assert asking.call(threading.current_thread, 5.0) is not threading.current_thread()


def test_one_that_hangs_is_left_and_all_after_it_fail_at_once(monkeypatch):
    monkeypatch.setattr(module, "SILENT", 0.05)
    said, over = [], threading.Event()
    asking = Asking("MLflow at http://far.away", said.append)
    with pytest.raises(UnreachableError, match="does not answer: nothing whole came in 0 s"):
        asking.call(over.wait, 0.1)
    begun = time.monotonic()
    with pytest.raises(UnreachableError):
        asking.call(lambda: 7, 60.0)
    assert time.monotonic() - begun < 0.05
    assert said == ["waiting for an answer of MLflow at http://far.away, 0 s at most"]
    over.set()


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ("API request to http://x failed with exception (Caused by ResponseError('too many 429 error responses'))", BusyError, "answers 429 (Too Many Requests)"),
        ("API request failed with exception (Caused by ResponseError('too many 503 error responses'))", BusyError, "answers 503 (Service Unavailable)"),
        ("API request to endpoint /api failed with error code 404 != 200. Response body: '<html>'", UnreachableError, "answers 404 (Not Found)"),
        ("API request to endpoint /api failed with error code 799 != 200", UnreachableError, "answers 799 (no status of HTTP)"),
        ("API request to https://ada:secret@x/api failed with exception HTTPSConnectionPool(host='x', port=443): Max retries exceeded with url: /api (Caused by SSLError(1, 'self-signed certificate'))", UnreachableError, "x does not answer: SSLError(1, 'self-signed certificate')"),
        ("", UnreachableError, "does not answer: Exception"),
        ("one\ntwo", UnreachableError, "does not answer: one"),
    ],
)  # fmt: skip
def test_what_an_error_means(said, kind, words):
    found = translated(Exception(said), "http://ada:secret@x")
    assert type(found) is kind and words in str(found) and "secret" not in str(found)


def test_what_is_refused_for_good():
    error = Exception("no such thing")
    error.error_code = "RESOURCE_DOES_NOT_EXIST"
    assert isinstance(translated(error, "http://x"), RefusedError)


class Busy:
    """A server that is busy at these requests."""

    def __init__(self, mlflow, when):
        self.mlflow, self.when, self.asked = mlflow, when, 0

    def connect(self, *given):
        server = self.mlflow.connect(*given)
        usual = server._ask

        def ask(act, writes=True):
            self.asked += 1
            if self.when(self.asked):
                raise BusyError("MLflow at http://made.up answers 429 (Too Many Requests): it can't just now")
            return usual(act, writes)

        server._ask = ask
        return server


@pytest.fixture
def slept(monkeypatch):
    waits = []
    monkeypatch.setattr(tracker.time, "sleep", waits.append)
    return waits


def test_a_busy_server_is_asked_again_and_the_waits_are_said(store, mlflow, monkeypatch, slept):
    monkeypatch.setattr(tracker, "Server", Busy(mlflow, lambda asked: asked % 30 == 1).connect)
    said = []
    patient = tracker.Tracker(store, "http://made.up", Quick(), said.append)
    assert patient.sync()
    assert slept and set(slept) == {1.0}, "it got on in between"
    assert said[0].endswith("it can't just now; trying again in 1 s")
    assert {one.status for one in mlflow.runs.values()} == {"FINISHED"}


def test_one_that_stays_busy_is_given_up(store, mlflow, monkeypatch, slept):
    monkeypatch.setattr(tracker, "Server", Busy(mlflow, lambda asked: True).connect)
    with pytest.raises(BusyError, match="429"):
        tracker_of(store).sync()
    assert slept == list(tracker.BUSY) and sum(slept) <= 15
