import os

import pytest

from lmcspec.base.errors import BlockedError, UsageError
from lmcspec.engine.devices import Device, Host
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
    assert tuple(device.name for device in devices.gpus()) == found
    assert all(device.kind == "gpu" and device.visible == device.name for device in devices.gpus())


def names(workers=None, asked=""):
    return [slot.device.name for slot in devices.slots(workers, asked)]


@pytest.fixture
def cores(monkeypatch):
    monkeypatch.setattr(devices, "cores", lambda: 8)


def test_slots_are_dealt_out_over_gpus_with_some_of_the_cpu_beside_them(smi, cores):
    smi(TWO)
    assert names() == ["GPU-aaaa", "GPU-bbbb", "cpu", "cpu"]
    assert names(3) == ["GPU-aaaa", "GPU-bbbb", "GPU-aaaa", "cpu", "cpu"]


def test_a_gpu_has_memory_and_a_model_and_the_host_memory_and_cores(smi, cores):
    smi("GPU-aaaa, 143771, NVIDIA H200\nGPU-bbbb, [N/A], odd, name\n")
    first, second, cpu, _ = (slot.device for slot in devices.slots(None))
    host = Host("", devices.host_memory(), 8)
    assert first == Device("GPU-aaaa", "gpu", 143771 * 2**20, "NVIDIA H200", "GPU-aaaa", host)
    assert (second.memory, second.model) == (0, "odd, name")
    assert cpu == Device("cpu", host=host) and host.memory > 2**30


def test_without_a_driver_there_are_cpu_slots(smi):
    smi("NVIDIA-SMI has failed", code=9)
    assert names() == ["cpu"] * devices.cores()
    assert devices.slots(1)[0].visible == ""


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("gpu", ["GPU-aaaa", "GPU-bbbb"]),
        ("1", ["GPU-bbbb"]),
        ("1, 0", ["GPU-bbbb", "GPU-aaaa"]),
        ("GPU-b", ["GPU-bbbb"]),
        ("GPU-bbbb/3", ["GPU-bbbb"] * 3),
        ("gpu/2", ["GPU-aaaa", "GPU-bbbb", "GPU-aaaa", "GPU-bbbb"]),
        ("0/2,1", ["GPU-aaaa", "GPU-bbbb", "GPU-aaaa"]),
        ("1 x gpu, 3 x cpu", ["GPU-aaaa", "cpu", "cpu", "cpu"]),
        ("2xgpu", ["GPU-aaaa", "GPU-bbbb"]),
        ("cpu", ["cpu"] * 8),
    ],
)
def test_devices_that_are_asked_for(smi, cores, asked, found):
    smi(TWO)
    assert names(asked=asked) == found


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ("3 x gpu", BlockedError, "asks for GPUs for 3, and this machine has 2 GPUs"),
        ("7", BlockedError, "asks for the GPU 7"),
        ("gpu,0", UsageError, "names the GPU GPU-aaaa twice"),
        ("GPU-", UsageError, "several UUIDs"),
        ("gpus", UsageError, "no device 'gpus'"),
        ("2 x 0", UsageError, "only gpu and cpu can be counted"),
        ("a b", UsageError, "names no device"),
        ("0 x gpu", UsageError, "leaves no slot"),
        ("cpu/2", UsageError, "no device 'cpu'"),
        ("999999 x cpu", UsageError, "more than this machine"),
        ("99999999999 x cpu", UsageError, "99,999,999,999 workers are more than this machine"),
        ("gpu/99999999999", UsageError, "199,999,999,998 workers are more than this machine"),
        ("gpu/30, 5 x cpu", UsageError, "65 workers are more than this machine"),
        ("9" * 5000 + " x cpu", UsageError, "names no device"),
        ("9" * 5000, UsageError, "there is no device"),
        ("²", UsageError, "names no device"),
        ("٣ x cpu", UsageError, "names no device"),
    ],
)
def test_devices_that_there_are_not(smi, cores, asked, error, said):
    smi(TWO)
    with pytest.raises(error, match=said):
        names(asked=asked)


def test_devices_are_said_once(smi):
    with pytest.raises(UsageError, match="both say"):
        devices.slots(2, "cpu")


def test_declared_devices_stand_for_those_of_the_machine(monkeypatch):
    monkeypatch.setenv(devices.DECLARED, "2 x gpu 16 GB, gpu, 3 x cpu")
    slots = devices.slots(None)
    assert [slot.device.name for slot in slots] == ["declared-0", "declared-1", "declared-2", "cpu"]
    assert [slot.device.memory for slot in slots] == [16 * 10**9, 16 * 10**9, 0, 0]
    assert {slot.visible for slot in slots} == {""}
    assert names(asked="cpu") == ["cpu"] * 3
    monkeypatch.setenv(devices.DECLARED, "2 x tpu")
    with pytest.raises(UsageError, match="neither gpu nor cpu"):
        devices.slots(None)


@pytest.mark.parametrize(
    "declared", ["2 x gpu lots", "gpu 3 apples", "² x gpu", "99999999999 x cpu", "x x gpu", "gpu x"]
)
def test_what_declares_no_devices_is_an_error(monkeypatch, declared):
    monkeypatch.setenv(devices.DECLARED, declared)
    with pytest.raises(UsageError, match=devices.DECLARED) as caught:
        devices.slots(None)
    assert "2 x gpu 16 GB" in caught.value.help


@pytest.mark.parametrize("visible", ["²", "9" * 5000])
def test_odd_numbers_in_the_environment_are_no_gpus(smi, monkeypatch, visible):
    smi(TWO)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert devices.gpus() == ()


def test_a_driver_that_says_odd_numbers(smi):
    smi("GPU-aaaa, ²\n")
    assert devices.gpus()[0].memory == 0


def test_no_test_sees_a_gpu_but_those_marked_so():
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert devices.gpus() == ()


@pytest.mark.parametrize("workers", [10_000, 10**18])
def test_more_workers_than_a_machine_holds_are_refused(workers, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(UsageError, match="workers are more than this machine"):
        devices.slots(workers)
    assert len(devices.slots(64)) == 64
