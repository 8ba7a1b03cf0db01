"""Finished objects to a URL and back: on memory, on a disk, and on an object server; and what a kill leaves."""

import threading
import uuid

import pytest
from remote_objects_for_tests import QUICK, commit, content, fetched, left, there

from lmcspec.base.errors import StoreError
from lmcspec.store import DamagedError, Store, layout, verify
from lmcspec.store.remote import Remote
from lmcspec.store.remote_objects import NUMBERS, bring, fetch, remote_ids, send


@pytest.fixture(params=["memory", "file", "objects"])
def url(request, tmp_path):
    match request.param:
        case "memory":
            return f"memory://{uuid.uuid4().hex}/study"
        case "file":
            return f"file://{tmp_path}/remote/study"
        case _:
            return request.getfixturevalue("server").url


@pytest.fixture
def remote(url):
    return Remote.at(url, **QUICK)


def test_there_and_back_every_byte_is_the_same(store, other, remote):
    identifier = commit(store)
    assert send(store, remote, identifier) == "sent"
    assert send(store, remote, identifier) == "there"
    assert fetch(other, remote, identifier) == "fetched"
    assert fetch(other, remote, identifier) == "there"
    assert content(other, identifier) == content(store, identifier)
    assert verify(other) == [] and not left(other)
    assert remote_ids(remote) == [identifier]


def test_what_is_not_there_is_missing(store, other, remote):
    identifier = commit(store)
    assert fetch(other, remote, identifier) == "missing"
    assert remote_ids(remote) == []
    assert not bring(other, remote, identifier)
    assert other.find(identifier) is None and not left(other)
    with pytest.raises(StoreError, match="is not in the store"):
        send(other, remote, identifier)


def test_numbers_travel_without_outputs(store, other, remote, tmp_path):
    identifier = commit(store)
    store.drop_outputs(identifier)
    assert send(store, remote, identifier) == "sent"
    assert set(there(remote, identifier)) >= {NUMBERS} and layout.COMMIT not in there(remote, identifier)
    assert not bring(other, remote, identifier), "a task needs the outputs"
    assert fetch(other, remote, identifier) == "fetched"
    assert other.find(identifier).scalars["error"] == 0.25 and not other.find(identifier).has_outputs
    assert verify(other) == []
    # Who has the outputs sends them; the numbers are enough for who wants no more, and are filled up for a task.
    whole = Store.open(tmp_path / "whole")
    commit(whole)
    assert send(whole, remote, identifier) == "sent"
    assert send(store, remote, identifier) == "there"
    assert fetch(other, remote, identifier) == "there"
    assert bring(other, remote, identifier)
    assert other.find(identifier).has_outputs and verify(other) == [] and not left(other)


def test_a_damaged_object_is_not_sent(store, remote):
    identifier = commit(store)
    (store.find(identifier).path / "out/state.bin").write_bytes(b"weighty")
    with pytest.raises(DamagedError, match=r"state\.bin"):
        send(store, remote, identifier)
    assert remote_ids(remote) == [] and store.find(identifier) is None


def test_a_log_that_was_edited_is_not_sent(store, remote):
    identifier = commit(store)
    (store.find(identifier).path / "log.txt").write_bytes(b"began\nEnded\n")
    with pytest.raises(DamagedError, match=r"log\.txt"):
        send(store, remote, identifier)
    assert layout.COMMIT not in there(remote, identifier)


def test_another_result_of_the_task_stays_with_its_files(store, other, remote, tmp_path):
    first, second = commit(store, scalars={"error": 0.1}), commit(other, scalars={"error": 0.2}, files={"a": b"2"})
    assert first == second
    assert send(store, remote, first) == "sent" and send(other, remote, first) == "other"
    third = Store.open(tmp_path / "third")
    assert fetch(third, remote, first) == "fetched" and third.find(first).scalars == {"error": 0.1}
    assert send(other, remote, first, anew=True) == "sent"
    fourth = Store.open(tmp_path / "fourth")
    assert fetch(fourth, remote, first) == "fetched" and content(fourth, first) == content(other, first)


def test_two_who_send_the_same_at_once_do_no_harm(store, other, remote, tmp_path):
    """Two different results even: file by file in every order, whole is what comes back."""
    identifier = commit(store, scalars={"error": 0.1})
    commit(other, scalars={"error": 0.2}, files={"state.bin": b"others"})
    for number in range(8):
        here = Remote(remote.url, remote.filesystem, f"{remote.root}/{number}", **QUICK)
        threads = [threading.Thread(target=send, args=(one, here, identifier)) for one in (store, other, store)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        reader = Store.open(tmp_path / f"reader-{number}")
        assert fetch(reader, here, identifier) == "fetched"
        assert verify(reader) == []
        assert content(reader, identifier) in (content(store, identifier), content(other, identifier))


class Killed(BaseException):
    pass


class Dying:
    """A file system that dies at the call of this number, half a file written."""

    def __init__(self, filesystem, at):
        self._filesystem, self._left = filesystem, at
        self.protocol = filesystem.protocol

    def __getattr__(self, name):
        made = getattr(self._filesystem, name)
        if name not in ("open", "info", "makedirs"):
            return made

        def call(path, mode="rb", **options):
            self._left -= 1
            if self._left < 0:
                if name == "open" and "w" in mode:
                    file = made(path, mode, **options)
                    file.write(b"half")
                    file.close()
                raise Killed
            return made(path, mode, **options) if name == "open" else made(path, **options)

        return call


def test_a_sender_killed_at_any_moment_leaves_no_object_that_counts(store, other, remote):
    identifier = commit(store)
    for at in range(100):
        dying = Remote(remote.url, Dying(remote.filesystem, at), f"{remote.root}/{at}", **QUICK)
        again = Remote(remote.url, remote.filesystem, dying.root, **QUICK)
        try:
            send(store, dying, identifier)
        except Killed:
            assert fetched(other, again, identifier) in ("missing", "damaged: its COMMIT is not JSON: Expecting value")
            assert other.find(identifier) is None and not left(other)
        else:
            break
        assert send(store, again, identifier) == "sent"
        assert fetch(other, again, identifier) == "fetched"
        assert verify(other) == []
        other.discard(identifier)
    else:
        raise AssertionError("it never came through")
    assert at >= 8


def test_a_receiver_killed_at_any_moment_leaves_nothing_that_counts(store, other, remote):
    identifier = commit(store)
    send(store, remote, identifier)
    for at in range(100):
        try:
            fetch(other, Remote(remote.url, Dying(remote.filesystem, at), remote.root, **QUICK), identifier)
        except Killed:
            assert other.find(identifier) is None and not left(other)
        else:
            break
    assert content(other, identifier) == content(store, identifier)
