"""Checkpoints of very many tensors: what goes on from one, and what only looks where it stands, agree on its head."""

import uuid

import torch
from context_for_tests import TestContext

from lmcspec.store import Store, layout
from lmcspec.store.remote import Remote
from lmcspec.store.remote_checkpoints import fetch_checkpoint, send_checkpoint
from lmcspec.tasks.checkpoint import CHECKPOINT, Checkpoints
from lmcspec.tasks.checkpointed import done_in, done_of, stands

TASK = "0" * 64


def write(folder, done, tensors):
    ctx = TestContext(folder)
    names = (f"{'a' * 100}/{number}" for number in range(tensors))
    Checkpoints(ctx, "update", "train.checkpoint").write(done, {name: torch.zeros(1) for name in names})
    return (ctx.partial / CHECKPOINT).read_bytes()


def test_a_head_of_more_than_a_mebibyte_says_where_it_stands(tmp_path):
    content = write(tmp_path, 12, 8000)
    assert int.from_bytes(content[:8], "little") > 1.2e6
    assert stands(tmp_path, tmp_path / "partial") == "update 12" and done_of(content) == 12
    assert Checkpoints(TestContext(tmp_path), "update", "train.checkpoint").read() is not None


def test_and_is_not_replaced_by_one_that_is_less_far(tmp_path):
    remote = Remote.at(f"memory://{uuid.uuid4().hex}/study")
    store, other = Store.open(tmp_path / "store"), Store.open(tmp_path / "other")
    for place, done, tensors in ((store, 5, 8000), (other, 12, 8000)):
        content = write(tmp_path / str(done), done, tensors)
        folder = layout.partial_folder(place.root, TASK)
        folder.mkdir(parents=True)
        (folder / CHECKPOINT).write_bytes(content)
    assert send_checkpoint(store, remote, TASK) and not fetch_checkpoint(other, remote, TASK)
    assert done_in(other.root, layout.partial_folder(other.root, TASK)) == 12
    assert send_checkpoint(other, remote, TASK) and fetch_checkpoint(store, remote, TASK)
    assert done_in(store.root, layout.partial_folder(store.root, TASK)) == 12
