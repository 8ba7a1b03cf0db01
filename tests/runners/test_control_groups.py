"""Limits of control groups, on folders as the kernel lays them out."""

import math
import os

import pytest

from lmcspec_runners import capacity, control_groups

GIB = 2**30


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Lays out control groups: the lines of /proc/self/cgroup, and files by their paths."""
    monkeypatch.setattr(control_groups, "GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(control_groups, "MOUNT", tmp_path / "mount")

    def lay(lines, files):
        (tmp_path / "cgroup").write_text(lines)
        for name, text in files.items():
            file = tmp_path / "mount" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{text}\n")

    return lay


SLURM = "system.slice/slurmstepd.scope/job_7/step_0/user/task_0"


@pytest.mark.parametrize(
    ("lines", "files", "limit"),
    [
        ("0::/\n", {"memory.max": 8 * GIB}, 8 * GIB),  # a container
        ("0::/\n", {"memory.max": "max"}, None),
        ("0::/user.slice/run-1.scope\n", {"user.slice/run-1.scope/memory.max": 8 * GIB}, 8 * GIB),  # systemd-run
        (
            f"0::/{SLURM}\n",
            {f"{SLURM}/memory.max": "max", "system.slice/slurmstepd.scope/job_7/memory.max": 4 * GIB},
            4 * GIB,
        ),
        ("0::/a/b\n", {"a/memory.max": 2 * GIB, "a/b/memory.max": 3 * GIB}, 2 * GIB),
        ("0::/a/b\n", {"a/memory.max": 3 * GIB, "a/b/memory.max": 2 * GIB, "a/c/memory.max": GIB}, 2 * GIB),
        ("0::/docker/id\n", {"memory.max": 8 * GIB}, 8 * GIB),  # no name space: its own group is the root that it sees
        ("0::/../other\n", {"memory.max": 8 * GIB, "other/memory.max": GIB}, 8 * GIB),
        ("9:cpu,cpuacct:/\n4:memory:/a\n0::/\n", {"memory/a/memory.limit_in_bytes": GIB}, GIB),  # version 1
        ("4:memory:/a/b\n", {"memory/a/memory.limit_in_bytes": GIB, "memory/memory.limit_in_bytes": 2**63}, GIB),
        ("4:memory:/a:b\n", {"memory/a:b/memory.limit_in_bytes": GIB}, GIB),
        ("nonsense\n\n0:\n", {}, None),
        ("", {"memory.max": GIB}, GIB),
    ],
)
def test_the_least_limit_on_the_way_to_the_root_counts(groups, lines, files, limit):
    groups(lines, files)
    assert control_groups.memory_limit() == limit
    here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert capacity.host_memory() == min(here, limit or math.inf)


@pytest.mark.parametrize(
    ("lines", "files", "limit"),
    [
        ("0::/\n", {"cpu.max": "200000 100000"}, 2),
        ("0::/a/b\n", {"a/cpu.max": "150000 100000", "a/b/cpu.max": "max 100000"}, 2),
        ("0::/a\n", {"a/cpu.max": "5000 100000"}, 1),
        ("0::/a\n", {"a/cpu.max": "max 100000"}, None),
        ("0::/a\n", {"a/cpu.max": "200000 0"}, None),
        ("2:cpu,cpuacct:/a\n", {"cpu/a/cpu.cfs_quota_us": 300000, "cpu/a/cpu.cfs_period_us": 100000}, 3),
        ("2:cpu,cpuacct:/a\n", {"cpu/a/cpu.cfs_quota_us": -1, "cpu/a/cpu.cfs_period_us": 100000}, None),
    ],
)
def test_a_quota_of_the_cpu_is_so_many_cores(groups, monkeypatch, lines, files, limit):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    groups(lines, files)
    assert control_groups.core_limit() == limit
    assert capacity.cores() == (limit or 16)


def test_cores_that_the_process_is_bound_to_are_the_most(groups, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    groups("0::/\n", {"cpu.max": "400000 100000"})
    assert capacity.cores() == 1


def test_a_system_without_control_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(control_groups, "GROUPS", tmp_path / "none")
    monkeypatch.setattr(control_groups, "MOUNT", tmp_path / "none")
    assert control_groups.memory_limit() is control_groups.core_limit() is None
    assert capacity.host_memory() > 0 and capacity.cores() > 0
