"""Drivers know whether they are alone in a store."""

import os
import signal
import subprocess
import sys

from lmcspec.store import Store, driving

OTHER = """
import sys
from lmcspec.store import Store, driving
with driving(Store.open(sys.argv[1])):
    print("there", flush=True)
    sys.stdin.read()
"""


def test_alone_until_another_comes_and_after_it_was_killed(tmp_path):
    store = Store.open(tmp_path / "store")
    with driving(store) as driver:
        with driver.alone() as alone:
            assert alone
        other = subprocess.Popen(
            [sys.executable, "-c", OTHER, str(store.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        with other:
            assert other.stdout.readline() == b"there\n"
            with driver.alone() as alone:
                assert not alone
            with driver.alone() as alone:
                assert not alone, "a refusal costs neither its place"
            os.kill(other.pid, signal.SIGKILL)
        with driver.alone() as alone:
            assert alone


def test_two_drivers_hold_each_other_back(tmp_path):
    store = Store.open(tmp_path / "store")
    with driving(store) as first, driving(store) as second:
        for driver in (first, second, first):
            with driver.alone() as alone:
                assert not alone


def test_a_folder_that_can_not_be_written_makes_nobody_alone(tmp_path):
    store = Store.open(tmp_path / "store")
    (store.root / "drivers.lock").mkdir()
    with driving(store) as driver, driver.alone() as alone:
        assert not alone
