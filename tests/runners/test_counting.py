"""How many slots a plan says there are: as many as a run has."""

import os

import pytest

from lmcspec.base.errors import LmcspecError
from lmcspec.cli.options import slots as planned
from lmcspec.plan.simulate import Slots
from lmcspec_runners import capacity, devices
from lmcspec_runners.counting import slots_here


@pytest.mark.parametrize(
    "declared", ["", "2 x gpu, 16 x cpu", "gpu, 1 x cpu", "8 x gpu 16 GB, 4 x cpu", "5 x cpu", "nonsense"]
)
@pytest.mark.parametrize(
    ("workers", "asked"),
    [(None, ""), (2, ""), (6, ""), (1000, ""), (None, "gpu"), (None, "gpu/2, cpu"), (None, "3 x cpu"), (2, "cpu")],
)
def test_a_plan_counts_the_slots_of_a_run(monkeypatch, declared, workers, asked):
    monkeypatch.setenv(capacity.DECLARED, declared)
    assert told(slots_here, workers, asked) == told(planned, workers, asked) == told(counted, workers, asked)


def counted(workers, asked):
    """The slots of a run."""
    kinds = [slot.device.kind for slot in devices.slots(workers, asked)]
    return Slots(kinds.count("cpu"), kinds.count("gpu"))


def told(count, workers, asked):
    """The number, or the error and what it says."""
    try:
        return count(workers, asked)
    except LmcspecError as error:
        return type(error), str(error), error.help


def test_no_more_than_so_many_run_at_a_time():
    assert planned(3, "", 2).total == 2 and planned(3, "", 5).total == 3


def test_gpus_that_nvidia_smi_tells_of_count(tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nprintf 'GPU-aaaa\\nGPU-bbbb\\n'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    monkeypatch.setattr(capacity, "core_limit", lambda: None)
    assert slots_here() == Slots(16), "none of them is visible"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert (slots_here(), slots_here(6)) == (Slots(2, 2), Slots(2, 6))


def test_cores_that_this_process_is_bound_to_count(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert slots_here() == Slots(1)
