import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from manifest_for_tests import manifest

from lmcspec.store import Index, Store

DRIVER = Path(__file__).with_name("driver_for_tests.py")


class Driver:
    """A driver in a process group of its own."""

    def __init__(self, store, kind, workers, *acts, **environment):
        self.process = subprocess.Popen(
            [sys.executable, str(DRIVER), str(store), kind, str(workers), *acts],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, **environment},
        )
        self.heard = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def until(self, *words):
        """Listen until all of these words have been said, in any order."""
        missing = list(words)
        while missing:
            line = self.process.stdout.readline()
            assert line, f"the driver ended without saying {missing}; it said {self.heard}"
            self.heard.append(line.strip())
            missing = [word for word in missing if word not in self.heard]

    def family(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self):
        rest, _ = self.process.communicate(timeout=30)
        self.heard += [line.strip() for line in rest.splitlines()]
        return self.process.returncode


def alive(processes):
    found = []
    for process in processes:
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.NoSuchProcess:
            pass
    return found


def gone_within(processes, seconds):
    deadline = time.monotonic() + seconds
    while alive(processes) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(processes)


@pytest.mark.timeout(60)
def test_a_killed_driver_leaves_no_process(tmp_path):
    with Driver(tmp_path / "store", "local", 3, "stubborn", "regex", "sleep") as driver:
        driver.until("Started stubborn", "Started regex", "Progress sleep")
        family = driver.family()
        assert len(family) == 4, "the server and three workers"
        assert {os.getpgid(process.pid) for process in family} == {driver.process.pid}
        driver.process.kill()
        assert gone_within(family, 5)


def test_a_driver_killed_while_torch_is_imported_leaves_no_process(tmp_path):
    with Driver(tmp_path / "store", "local", 2, "") as driver:
        driver.until("RunStarted")
        time.sleep(0.2)
        family = driver.family()
        assert len(family) == 1
        driver.process.kill()
        assert gone_within(family, 5)


@pytest.mark.parametrize("kind", ["local", "inline"])
def test_the_first_ctrl_c_saves_a_checkpoint(tmp_path, kind):
    with Driver(tmp_path / "store", kind, 1, "sleep", "") as driver:
        if kind == "local":
            driver.until("Progress sleep")
        else:
            driver.until("Started sleep")
            while not list((tmp_path / "store" / "attempts").glob("*/*/metrics.jsonl")):
                time.sleep(0.02)
        family = driver.family()
        os.killpg(driver.process.pid, signal.SIGINT)
        assert driver.end() == 130
        # What the worker said of its progress before it heard of the wish may arrive in between.
        heard = [event for event in driver.heard if not event.startswith("Progress")]
        assert set(heard[-4:-2]) == {"Stopping", "Interrupted sleep"}
        assert heard[-2:] == ["RunEnded", "interrupted 1"]
        assert "Started" not in driver.heard, "the other task is not started any more"
        assert not alive(family)
    assert len(list((tmp_path / "store" / "partial").glob("*/checkpoint"))) == 1
    assert not list((tmp_path / "store" / "leases").glob("*.json"))


@pytest.mark.parametrize("kind", ["local", "inline"])
def test_the_second_ctrl_c_ends_at_once(tmp_path, kind):
    with Driver(tmp_path / "store", kind, 1, "stubborn") as driver:
        driver.until("Started stubborn")
        while not list((tmp_path / "store" / "attempts").glob("*/*/log.txt")):
            time.sleep(0.02)
        family = driver.family()
        os.killpg(driver.process.pid, signal.SIGINT)
        time.sleep(0.2)
        assert driver.process.poll() is None, "it waits for the checkpoint"
        os.killpg(driver.process.pid, signal.SIGINT)
        begun = time.monotonic()
        assert driver.end() == 130
        assert time.monotonic() - begun < 5
        assert driver.heard[-1] == "interrupted 1"
        assert gone_within(family, 1)


CASES = [
    ("engine.dispatched", "worker", 0),
    ("engine.collected", "driver", -9),
    ("lease.kept", "both", -9),
]


@pytest.mark.slow
@pytest.mark.parametrize(("point", "who", "code"), CASES)
def test_kills_at_the_engines_fault_points_lose_nothing(tmp_path, point, who, code):
    acts = ("sleep-short", "touch", "")
    with Driver(tmp_path / "calm", "local", 2, *acts) as driver:
        assert driver.end() == 0
    fault = {"LMCSPEC_FAULT": point, "LMCSPEC_FAULT_KILL": who, "LMCSPEC_FAULT_MARK": str(tmp_path / "mark")}
    with Driver(tmp_path / "store", "local", 2, *acts, **fault) as driver:
        driver.until("Begun")
        assert driver.end() == code
        assert (tmp_path / "mark").exists(), "the point was never reached"
    with Driver(tmp_path / "store", "local", 2, *acts, **fault) as driver:
        assert driver.end() == 0
    stores = [Store.open(tmp_path / name) for name in ("calm", "store")]
    assert manifest(stores[0]) == manifest(stores[1])
    with Index(stores[0]) as index:
        assert index.ids() == set(stores[0].ids())
