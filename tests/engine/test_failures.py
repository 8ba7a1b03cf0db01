import errno
import os
import shutil
from typing import get_args

import pytest

from lmcspec.base.errors import BlockedError, SpecError, StaleError, StoreError, UsageError
from lmcspec.engine.failures import Failure, FailureClass, classify, describe, last_lines
from lmcspec.store import Store, layout
from lmcspec.tasks import Interrupted


def _of_torch(name, message):
    import torch

    return getattr(torch, name)(message)


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
        (StaleError("x"), "stale"),
        (BlockedError("x"), "data"),
        (UsageError("x"), "user"),
        (SpecError([]), "user"),
        (KeyError("x"), "internal"),
        (SystemExit(1), "internal"),
        (_of_torch("OutOfMemoryError", "CUDA out of memory. Tried to allocate 2.00 GiB."), "out-of-memory"),
        (_of_torch("AcceleratorError", "CUDA error: out of memory\nCUDA kernel errors might be …"), "out-of-memory"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), "out-of-memory"),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), "out-of-memory"),
        (_of_torch("AcceleratorError", "CUDA error: device-side assert triggered"), "internal"),
        (ValueError("the table is out of memory of the reader"), "internal"),
    ],
)
def test_classes(error, reason):
    assert classify(error) == reason
    assert reason in get_args(FailureClass)


def test_a_failure_travels(tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("".join(f"{number}\n" for number in range(40)))
    failure = describe(StoreError("gone", help="look"), log, tmp_path)
    assert Failure.read(failure.document()) == failure
    assert failure.last_lines == tuple(map(str, range(25, 40)))
    assert (failure.message, failure.help, failure.type) == ("gone", "look", "StoreError")


def test_no_log_no_lines(tmp_path):
    assert last_lines(None) == () == last_lines(tmp_path / "none")


def _of_safetensors(number=errno.ENOSPC):
    """As it comes from a full disk: a text, with the number in it."""
    from safetensors import SafetensorError

    return SafetensorError(f"Error while serializing: I/O error: {os.strerror(number)} (os error {number})")


def _in_the_store(number, root):
    with pytest.raises(StoreError) as caught, layout.writing(root):
        raise OSError(number, os.strerror(number))
    return caught.value


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_takes_no_more_is_the_stores_trouble(tmp_path, number):
    inside = OSError(number, os.strerror(number), str(tmp_path / "attempts" / "x"))
    for error in (OSError(number, os.strerror(number)), inside, _in_the_store(number, tmp_path)):
        failure = describe(error, None, tmp_path)
        assert failure.reason == "store" and str(tmp_path) in failure.message and failure.help
    elsewhere = OSError(number, os.strerror(number), str(tmp_path.parent / "cache" / "x"))
    assert describe(elsewhere, None, tmp_path).reason == "data"


def test_what_safetensors_says_of_a_full_disk_is_understood(tmp_path):
    failure = describe(_of_safetensors(), None, tmp_path)
    assert failure.reason == "store" and "no space is left" in failure.message and "free some space" in failure.help


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ENOENT])
def test_other_troubles_are_the_stores_only_where_it_was_being_written(tmp_path, number):
    Store.open(tmp_path)
    error = OSError(number, os.strerror(number), str(tmp_path / "x"))
    assert describe(error, None, tmp_path).reason == "data"
    # A part that went away concerns one task.
    expected = "data" if number == errno.ENOENT else "store"
    assert describe(_in_the_store(number, tmp_path), None, tmp_path).reason == expected


@pytest.mark.parametrize("part", ["store.json", "objects", "attempts", "leases", "partial", "."])
def test_a_store_that_went_away_is_no_fault_of_the_task(tmp_path, part):
    root = tmp_path / "store"
    Store.open(root)
    gone = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(root / "attempts" / "x"))
    assert describe(gone, None, root).reason == "data", "an attempt's own folder"
    taken = root / part
    (shutil.rmtree if taken.is_dir() else os.unlink)(taken)
    for error in (gone, _in_the_store(errno.ENOENT, root)):
        failure = describe(error, None, root)
        assert failure.reason == "store" and "went away" in failure.message and "same command" in failure.help
    elsewhere = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(tmp_path / "data"))
    assert describe(elsewhere, None, root).reason == "data"


@pytest.mark.parametrize(
    "gone", [FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), _of_safetensors(errno.ENOENT)]
)
def test_an_attempt_whose_folder_went_away_is_the_stores_trouble_though_others_made_the_rest_again(tmp_path, gone):
    root = tmp_path / "store"
    Store.open(root)
    folder = root / "attempts" / "t" / "a"
    folder.mkdir(parents=True)
    assert describe(gone, folder / "log.txt", root).reason == "data", "something else is missing"
    shutil.rmtree(root / "attempts")
    Store.open(root)
    for error in (gone, _in_the_store(errno.ENOENT, root)):
        failure = describe(error, folder / "log.txt", root)
        assert failure.reason == "store" and "went away" in failure.message and "same command" in failure.help
