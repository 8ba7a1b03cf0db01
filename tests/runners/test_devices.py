import os

import pytest

from lmcspec.base.errors import UsageError
from lmcspec.engine import Slot
from lmcspec_runners import devices

TWO = "GPU-aaaa\nGPU-bbbb\n"


@pytest.fixture
def smi(tmp_path, monkeypatch):
    """Puts an nvidia-smi in the path that answers as told."""

    def install(answer, code=0):
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\nprintf '{answer}'\nexit {code}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return install


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        (None, ("GPU-aaaa", "GPU-bbbb")),
        ("", ()),
        ("-1", ()),
        ("1", ("GPU-bbbb",)),
        ("1,0", ("GPU-bbbb", "GPU-aaaa")),
        ("GPU-bbbb", ("GPU-bbbb",)),
        ("7", ()),
        ("1,7,0", ("GPU-bbbb",)),
        ("0,-1,1", ("GPU-aaaa",)),
        ("GPU-aaaa, GPU-bbbb", ("GPU-aaaa", "GPU-bbbb")),
        ("0,none", ("GPU-aaaa",)),
    ],
)
def test_the_gpus_that_may_be_used(smi, monkeypatch, visible, found):
    smi(TWO)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert devices.gpus() == found


def test_slots_are_dealt_out_over_gpus(smi):
    smi(TWO)
    assert devices.slots(None) == (Slot("GPU-aaaa"), Slot("GPU-bbbb"))
    assert devices.slots(3) == (Slot("GPU-aaaa"), Slot("GPU-bbbb"), Slot("GPU-aaaa"))


def test_without_a_driver_there_are_cpu_slots(smi):
    smi("NVIDIA-SMI has failed", code=9)
    assert devices.slots(None) == (Slot(""),) * devices.cores()
    assert devices.slots(1) == (Slot(""),)


def test_no_test_sees_a_gpu_but_those_marked_so():
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert devices.gpus() == ()


@pytest.mark.parametrize("workers", [10_000, 10**18])
def test_more_workers_than_a_machine_holds_are_refused(workers, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(UsageError, match="workers are more than this machine"):
        devices.slots(workers)
    assert len(devices.slots(64)) == 64
