import os
import signal
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys, time
from lmcspec.base.faults import reach
reach("lease.taken")
reach("engine.dispatched", worker=int(sys.argv[1]))
print("went on", flush=True)
"""


@pytest.fixture
def bystander():
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.fixture
def strike(tmp_path, bystander):
    """A driver that reaches a point with the bystander as its worker: how it ended."""

    def strike(victims, point="engine.dispatched"):
        program = f"import os; os.environ['LMCSPEC_DRIVER_PID'] = str(os.getpid()){PROGRAM}"
        variables = {
            "LMCSPEC_FAULT": point,
            "LMCSPEC_FAULT_KILL": victims,
            "LMCSPEC_FAULT_MARK": str(tmp_path / "mark"),
        }
        return subprocess.run(
            [sys.executable, "-c", program, str(bystander.pid)],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
        )

    return strike


def test_a_point_in_the_driver_kills_whom_it_names(strike, bystander, tmp_path):
    ended = strike("both")
    assert ended.returncode == -signal.SIGKILL
    # Whoever kills itself first would leave the other alive.
    assert bystander.wait(5) == -signal.SIGKILL
    first, second = map(int, (tmp_path / "mark").read_text().split())
    assert first == bystander.pid != second


def test_a_point_is_spent_once_it_was_reached(strike, bystander):
    assert strike("worker").stdout == "went on\n"
    assert bystander.wait(5) == -signal.SIGKILL
    assert strike("both").stdout == "went on\n"


def test_an_unknown_point_is_a_mistake(strike):
    assert strike("worker", point="nowhere").stdout == "went on\n"
    from lmcspec.base import faults

    with pytest.raises(ValueError, match="nowhere"):
        faults._strike("nowhere", 0)
