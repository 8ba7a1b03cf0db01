# pyright: reportGeneralTypeIssues=false, reportOptionalSubscript=false
"""Checkpoints: when they are due, that they replace each other in one step, and that they are on disk."""

import os

import pytest
import torch
from context_for_tests import TestContext

from lmcspec.tasks import checkpoint
from lmcspec.tasks.checkpoint import Checkpoints

FAULT = "train.checkpoint"


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    now = [100.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    return now


def test_none_at_first(tmp_path):
    assert Checkpoints(TestContext(tmp_path), "update", FAULT).read() is None


def test_what_was_written_last_is_read(tmp_path):
    ctx = TestContext(tmp_path)
    first = Checkpoints(ctx, "update", FAULT)
    first.write(3, {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor(True)})
    first.write(7, {"a": torch.tensor([3.0])})
    done, tensors = Checkpoints(ctx, "update", FAULT).read()
    assert done == 7
    assert {name: value.tolist() for name, value in tensors.items()} == {"a": [3.0]}
    assert [path.name for path in ctx.partial.iterdir()] == ["checkpoint.safetensors"]


def test_due_every_so_often(tmp_path, clock):
    checkpoints = Checkpoints(TestContext(tmp_path), "update", FAULT)
    assert not checkpoints.due()
    clock[0] += 29.9
    assert not checkpoints.due()
    clock[0] += 0.2
    assert checkpoints.due()
    checkpoints.write(1, {})
    assert not checkpoints.due(), "the time counts from the last one"
    clock[0] += 30.1
    assert checkpoints.due()


def test_the_environment_sets_another_time(tmp_path, clock, monkeypatch):
    monkeypatch.setenv("LMCSPEC_CHECKPOINT_SECONDS", "0.5")
    checkpoints = Checkpoints(TestContext(tmp_path), "update", FAULT)
    clock[0] += 0.4
    assert not checkpoints.due()
    clock[0] += 0.2
    assert checkpoints.due()


def test_due_at_once_where_the_task_is_to_stop(tmp_path, clock):
    assert Checkpoints(TestContext(tmp_path, stop=lambda: True), "update", FAULT).due()


def test_it_is_on_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    ctx = TestContext(tmp_path)
    checkpoints = Checkpoints(ctx, "update", FAULT)
    checkpoints.write(1, {})
    happened = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: happened.append("synced") or fsync(descriptor))
    monkeypatch.setattr(checkpoint.faults, "reach", lambda point: happened.append((point, checkpoints.read()[0])))
    monkeypatch.setattr(
        os, "replace", lambda *names, **folders: happened.append("replaced") or replace(*names, **folders)
    )
    checkpoints.write(2, {})
    assert happened == [(FAULT, 1), "synced", "replaced"]
    assert checkpoints.read()[0] == 2


def test_what_a_kill_left_half_written_is_written_over(tmp_path):
    ctx = TestContext(tmp_path)
    checkpoints = Checkpoints(ctx, "update", FAULT)
    checkpoints.write(1, {})
    for name in ("checkpoint.draft", f".checkpoint.safetensors.{'a' * 32}.draft"):
        (ctx.partial / name).write_bytes(b"half")
    assert checkpoints.read()[0] == 1
    checkpoints.write(2, {})
    assert checkpoints.read()[0] == 2
    assert [path.name for path in ctx.partial.iterdir()] == ["checkpoint.safetensors"]


def test_no_tensor_takes_the_place_of_the_count(tmp_path):
    with pytest.raises(AssertionError, match="'update'"):
        Checkpoints(TestContext(tmp_path), "update", FAULT).write(1, {"update": torch.tensor(0)})
