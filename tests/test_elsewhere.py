"""What Linux on a PC has and other machines lack: each is taken away, and all goes on without it."""

import fcntl
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

import lmcspec
from lmcspec import __main__ as command
from lmcspec.base import sysctl
from lmcspec.base.flush import flush
from lmcspec.engine import heap, numerics, peaks, worker
from lmcspec.science.data.sets import folder
from lmcspec.store import filesystem, filesystems, is_network, process
from lmcspec_runners import capacity, local, processes

NOWHERE = Path("/nowhere")


@pytest.fixture
def without_proc(monkeypatch):
    """No /proc, and a boot that has a name nevertheless."""
    monkeypatch.setattr(process, "_PROC", NOWHERE)
    monkeypatch.setattr(sysctl, "said", {"kern.bootsessionuuid": "0A-1B", "machdep.cpu.brand_string": "Apple M9"}.get)
    process._describe.cache_clear()
    yield
    process._describe.cache_clear()


def test_a_process_is_known_without_proc(without_proc, monkeypatch):
    here = process.this_process()
    assert (here.boot, here.space, here.pid) == ("0A-1B", "", os.getpid())
    assert int(here.started) == round(psutil.Process().create_time())
    assert process.is_gone(here) is False and process.mark_is_gone(process.mark()) is False
    assert process.is_gone(replace(here, boot="another")) is True
    with subprocess.Popen([sys.executable, "-c", ""]) as other:
        pass
    assert process.is_gone(replace(here, pid=other.pid)) is True


def test_a_clock_that_is_set_makes_no_other_boot(without_proc, monkeypatch):
    before = process.this_process()
    monkeypatch.setattr(psutil, "boot_time", lambda: 1.0)
    process._describe.cache_clear()
    assert process.this_process().boot == before.boot


def test_linux_has_no_names_of_macos():
    assert sysctl.said("kern.bootsessionuuid") == ""


def test_what_macos_says_of_itself(monkeypatch):
    def sysctlbyname(name, text, size, new, length):
        assert size._obj.value == sysctl.LONGEST and new is None
        if name != b"machdep.cpu.brand_string":
            return -1
        text.value = b"Apple M9"
        return 0

    monkeypatch.setattr(sysctl.ctypes, "CDLL", lambda _: SimpleNamespace(sysctlbyname=sysctlbyname))
    assert sysctl.said("machdep.cpu.brand_string") == "Apple M9"
    assert sysctl.said("kern.nothing") == ""


def test_the_processor_has_a_name_without_proc(monkeypatch):
    monkeypatch.setattr(numerics, "_CPUINFO", NOWHERE)
    monkeypatch.setattr(numerics, "said", lambda name: "Apple M9")
    numerics.cpu_type.cache_clear()
    assert numerics.cpu_type().startswith("Apple M9 (")
    numerics.cpu_type.cache_clear()


def test_file_systems_are_known_without_proc(monkeypatch, tmp_path):
    known = filesystem(tmp_path)
    monkeypatch.setattr(filesystems, "_MOUNTED", NOWHERE)
    assert filesystem(tmp_path) == known
    assert is_network("macfuse") and is_network("smbfs") and not is_network("apfs")


def test_memory_is_measured_without_proc(monkeypatch):
    resident = worker.resident()
    monkeypatch.setattr(worker, "_MEMORY", NOWHERE)
    assert 0.5 < worker.resident() / resident < 2
    monkeypatch.setattr(peaks, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setattr(peaks, "_before", 0)
    peaks.begin("cpu")
    assert peaks.peak("cpu") == {}


def test_cores_are_counted_where_processes_are_not_bound_to_them(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    monkeypatch.setattr(capacity, "core_limit", lambda: None)
    assert capacity.cores() == 3


def test_workers_start_by_themselves_where_forks_are_not_safe(monkeypatch):
    started = []
    monkeypatch.setattr(local.LocalRunner, "_start_worker", lambda self, slot: started.append(slot))
    monkeypatch.setattr(processes, "sys", SimpleNamespace(platform="darwin"))
    runner = local.LocalRunner()
    runner.start()
    assert isinstance(runner._starter, processes.Spawner) and len(started) == len(runner.slots)
    runner.close()


@pytest.mark.parametrize("libc", [SimpleNamespace(), SimpleNamespace(mallopt=print)])
def test_a_heap_that_takes_no_advice(monkeypatch, libc):
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda _: libc)
    assert heap.keep() is False
    heap.trim()


@pytest.mark.parametrize("refuses", [False, True])
def test_flushing_goes_to_the_medium_where_that_is_asked_for_by_itself(monkeypatch, tmp_path, refuses):
    asked = []

    def fcntl_(descriptor, number):
        asked.append(("full", number))
        if refuses:
            raise OSError(45, "Operation not supported")

    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", fcntl_)
    monkeypatch.setattr(os, "fsync", lambda descriptor: asked.append("fsync"))
    flush(0)
    assert asked == [("full", 51), *(["fsync"] if refuses else [])]


def test_room_is_made_by_writing_where_it_cannot_be_allocated(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "posix_fallocate")
    monkeypatch.setattr(folder, "_ZEROS", bytes(1000))
    array = folder._room(tmp_path / "images.npy", (7, 3, 16, 16))
    # Blocks are of 512 bytes; a file with holes has less of them than bytes.
    assert (tmp_path / "images.npy").stat().st_blocks * 512 >= array.nbytes
    array[:] = 7
    stored = np.load(tmp_path / "images.npy")
    assert stored.shape == (7, 3, 16, 16) and (stored == 7).all()


def test_windows_is_told_of_wsl(monkeypatch, capsys):
    monkeypatch.setattr(command, "sys", SimpleNamespace(platform="win32", stderr=sys.stderr, exit=sys.exit))
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert "WSL" in capsys.readouterr().err
    monkeypatch.setattr(lmcspec, "sys", SimpleNamespace(platform="win32"))
    with pytest.raises(ImportError, match="WSL"):
        lmcspec.load  # noqa: B018
