"""Checkpoints of unfinished tasks to a URL and back: further ones win, what is cut off harms nothing."""

import time
import uuid

import pytest
import torch
from remote_objects_for_tests import QUICK
from safetensors.torch import save

from lmcspec.store import layout, remote_checkpoints, take
from lmcspec.store.remote import Remote
from lmcspec.store.remote_checkpoints import fetch_checkpoint, forget_checkpoint, is_there, send_checkpoint, sending
from lmcspec.tasks.checkpoint import CHECKPOINT, digest

TASK = "ab" * 32


@pytest.fixture(params=["memory", "file", "objects"])
def remote(request, tmp_path):
    match request.param:
        case "memory":
            url = f"memory://{uuid.uuid4().hex}/study"
        case "file":
            url = f"file://{tmp_path}/remote/study"
        case _:
            url = request.getfixturevalue("server").url
    return Remote.at(url, **QUICK)


def write(store, done, padding=0, task=TASK):
    """A checkpoint as tasks write one; its bytes."""
    tensors = {"state/w": torch.full((4 + padding,), float(done)), "update": torch.tensor(done)}
    content = save(tensors, {"task": task, "sha256": digest(tensors), "done": str(done), "unit": "update"})
    folder = layout.partial_folder(store.root, task)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "draft").write_bytes(content)
    (folder / "draft").replace(folder / CHECKPOINT)
    return content


def here(store, task=TASK):
    folder = layout.partial_folder(store.root, task)
    assert not list(folder.glob(".*")), "no draft is left"
    return (folder / CHECKPOINT).read_bytes() if (folder / CHECKPOINT).exists() else None


def test_the_one_that_is_further_is_there_afterwards(store, other, remote):
    assert not is_there(remote, TASK) and not fetch_checkpoint(other, remote, TASK)
    assert not send_checkpoint(store, remote, TASK), "there is none"
    first = write(store, 10, padding=2**19)
    assert send_checkpoint(store, remote, TASK) and is_there(remote, TASK)
    assert fetch_checkpoint(other, remote, TASK) and here(other) == first
    assert not fetch_checkpoint(other, remote, TASK), "it is as far"
    further = write(other, 30)
    assert not fetch_checkpoint(other, remote, TASK) and here(other) == further
    assert send_checkpoint(other, remote, TASK)
    assert fetch_checkpoint(store, remote, TASK) and here(store) == further
    forget_checkpoint(remote, TASK)
    forget_checkpoint(remote, TASK)
    assert not is_there(remote, TASK)
    assert not list(store.root.glob("leases/*.json"))


@pytest.mark.parametrize("content", [b"", b"x", b"\xff" * 40, b"\0" * 8 + b"{}", save({"w": torch.zeros(3)})])
def test_what_says_nothing_is_not_fetched(store, remote, content):
    remote.write(f"checkpoints/ab/{TASK}", content)
    assert not fetch_checkpoint(store, remote, TASK)
    assert here(store) is None


def test_what_the_disk_can_not_hold_is_left_there(store, other, remote, monkeypatch):
    write(store, 10)
    send_checkpoint(store, remote, TASK)
    monkeypatch.setattr(remote_checkpoints, "_room", lambda store: 10)
    assert not fetch_checkpoint(other, remote, TASK) and here(other) is None


def test_whoever_is_at_the_task_is_left_in_peace(store, other, remote):
    write(store, 10)
    send_checkpoint(store, remote, TASK)
    with take(other, TASK):
        assert not fetch_checkpoint(other, remote, TASK)
    assert here(other) is None and fetch_checkpoint(other, remote, TASK)


def test_a_link_in_its_place_leads_nowhere(store, other, remote, tmp_path):
    write(store, 10)
    send_checkpoint(store, remote, TASK)
    (tmp_path / "precious").mkdir()
    folder = layout.partial_folder(other.root, TASK)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(tmp_path / "precious")
    with pytest.raises(Exception, match="partial"):
        fetch_checkpoint(other, remote, TASK)
    assert not list((tmp_path / "precious").iterdir())


def test_new_ones_are_sent_while_a_task_is_done(store, remote, monkeypatch):
    monkeypatch.setattr(remote_checkpoints, "LOOK", 0.01)
    monkeypatch.setattr(remote_checkpoints, "EVERY", 0.0)
    monkeypatch.setattr(remote_checkpoints, "SHARE", 0.0)
    write(store, 5)
    with sending(store, remote, TASK) as sent:
        time.sleep(0.1)
        assert not sent and not is_there(remote, TASK), "from before: whoever goes on from it begins there"
        for done in (10, 20):
            count = len(sent)  # before it is written: the sender may be quicker than this line
            written = write(store, done)
            deadline = time.monotonic() + 20
            while len(sent) == count and time.monotonic() < deadline:
                time.sleep(0.01)
            assert len(sent) == count + 1
            assert remote.read(f"checkpoints/ab/{TASK}", 2**20) == written
    assert len(sent) == 2


def test_a_url_that_is_away_stops_no_task(store, server, monkeypatch):
    monkeypatch.setattr(remote_checkpoints, "LOOK", 0.01)
    remote = Remote.at(server.url, patience=0.1, pauses=())
    server.fault = lambda method, key: "fail"
    with sending(store, remote, TASK) as sent:
        write(store, 10)
        deadline = time.monotonic() + 20
        while not server.asked and time.monotonic() < deadline:
            time.sleep(0.01)
    assert server.asked and not sent
