"""A task that ends waits for no checkpoint that is still being sent, and half of one never takes the place of a whole."""

import threading
import time

import pytest
import torch
from safetensors.torch import save

from lmcspec.store import layout, remote_checkpoints
from lmcspec.store.remote import PIECE, Remote, StoppedError
from lmcspec.store.remote_checkpoints import sending
from lmcspec.tasks.checkpoint import CHECKPOINT

TASK = "ab" * 32


class Slow:
    """A file system on which every piece after the first takes forever."""

    protocol = "slow"

    def __init__(self):
        self.begun, self.never = threading.Event(), threading.Event()
        self.closings, self.discarded = 0, 0

    def open(self, path, mode):
        return self

    def write(self, piece):
        if self.begun.is_set():
            self.never.wait(30)
        self.begun.set()

    def close(self):
        self.closings += 1

    def discard(self):
        self.discarded += 1

    def info(self, path):
        raise FileNotFoundError(path)


def test_the_end_of_a_task_is_the_end_of_sending(store, monkeypatch):
    monkeypatch.setattr(remote_checkpoints, "LOOK", 0.01)
    system = Slow()
    remote = Remote("slow://x", system, "x")
    folder = layout.partial_folder(store.root, TASK)
    with sending(store, remote, TASK) as sent:
        folder.mkdir(parents=True)
        draft = folder / "draft"
        draft.write_bytes(save({"a": torch.zeros(PIECE)}))
        draft.replace(folder / CHECKPOINT)
        assert system.begun.wait(20)
        began = time.monotonic()
    assert time.monotonic() - began < 5 and not sent
    assert (system.closings, system.discarded) == (0, 1)
    system.never.set()


@pytest.mark.parametrize("before", [None, b"whole"])
def test_on_a_disk_what_was_there_stays_and_no_draft(tmp_path, before):
    remote, over = Remote.at(f"file://{tmp_path}/remote"), threading.Event()
    remote.write("checkpoints/ab/y", b"")
    if before is not None:
        remote.write("checkpoints/ab/x", before)

    class Source:
        def seek(self, place):
            pass

        def read(self, size):
            over.set()
            return b"x" * size

    with pytest.raises(StoppedError):
        remote.send("checkpoints/ab/x", Source(), over)  # pyright: ignore[reportArgumentType]
    assert remote.read("checkpoints/ab/x", 99) == before
    assert remote.names("checkpoints/ab") == (["y"] if before is None else ["x", "y"])
    with pytest.raises(StoppedError):
        remote.send("checkpoints/ab/x", Source(), over)  # pyright: ignore[reportArgumentType]
