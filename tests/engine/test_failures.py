import errno

import pytest

from lmcspec.base.errors import BlockedError, SpecError, StoreError, UsageError
from lmcspec.engine.failures import CLASSES, Failure, classify, describe, last_lines
from lmcspec.tasks import Interrupted


def _oom():
    import torch

    return torch.OutOfMemoryError("CUDA out of memory")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Interrupted(), "interrupted"),
        (KeyboardInterrupt(), "interrupted"),
        (MemoryError(), "out-of-memory"),
        (OSError(errno.ENOMEM, "no"), "out-of-memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried …"), "out-of-memory"),
        (FileNotFoundError("x"), "data"),
        (StoreError("x"), "data"),
        (BlockedError("x"), "data"),
        (UsageError("x"), "user"),
        (SpecError([]), "user"),
        (KeyError("x"), "internal"),
        (SystemExit(1), "internal"),
        (_oom(), "out-of-memory"),
    ],
)
def test_classes(error, reason):
    assert classify(error) == reason
    assert reason in CLASSES


def test_a_failure_travels(tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("".join(f"{number}\n" for number in range(40)))
    failure = describe(StoreError("gone", help="look"), log)
    assert Failure.read(failure.document()) == failure
    assert failure.last_lines == tuple(map(str, range(25, 40)))
    assert (failure.message, failure.help, failure.type) == ("gone", "look", "StoreError")


def test_no_log_no_lines(tmp_path):
    assert last_lines(None) == () == last_lines(tmp_path / "none")
