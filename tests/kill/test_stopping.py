"""Ctrl-C in the middle of a training, as a terminal sends it: to the whole process group."""

import os
import re
import signal
import time

import pytest
from manifest_for_tests import compare, manifest
from runs_for_tests import Freeze, Run

from lmcspec.store import Store, verify

pytestmark = pytest.mark.kill


def test_the_first_stops_in_order_and_the_second_at_once(calm, tmp_path):
    with Run(tmp_path / "store", workers=1) as run:
        with Freeze(run):
            os.killpg(run.process.pid, signal.SIGINT)
            run.until(lambda: "stopping: tasks save a checkpoint" in run.said)
        assert run.end() == 130
        assert "interrupted: " in run.said
        assert "Traceback" not in run.said
        assert run.gone(0.5)
    store = Store.open(tmp_path / "store", create=False)
    assert verify(store) == []
    assert not list(store.root.glob("leases/*.json"))
    assert len(manifest(store)) < len(calm)

    with Run(tmp_path / "store", workers=1) as run:
        with Freeze(run):
            os.killpg(run.process.pid, signal.SIGINT)
            run.until(lambda: "stopping: tasks save a checkpoint" in run.said)
            os.killpg(run.process.pid, signal.SIGINT)
            begun = time.monotonic()
            # The worker is held: only SIGKILL ends it.
            assert run.end() == 130
        assert time.monotonic() - begun < 5
        assert "Traceback" not in run.said
        assert run.gone()
    assert verify(store) == []

    with Run(tmp_path / "store") as run:
        assert run.end() == 0, run.said
    assert not compare(manifest(store), calm)


def test_ctrl_c_while_workers_start(tmp_path):
    with Run(tmp_path / "store", workers=1) as run:
        run.until(lambda: run.said.endswith("starting workers\n"))
        os.killpg(run.process.pid, signal.SIGINT)
        assert run.end() == 130
        assert "Traceback" not in run.said
        assert run.gone(0.5)
    assert not list((tmp_path / "store").glob("objects/*/*"))


def test_sigterm_stops_as_ctrl_c_does(calm, tmp_path):
    """What batch systems send, to the driver alone."""
    with Run(tmp_path / "store", workers=1) as run:
        with Freeze(run):
            run.process.terminate()
            run.until(lambda: "stopping" in run.said)
        assert run.end() == 130
        assert run.gone(0.5)
    store = Store.open(tmp_path / "store", create=False)
    assert verify(store) == []
    assert manifest(store).items() <= calm.items()


def test_sighup_stops_and_the_same_command_goes_on(calm, tmp_path):
    """What a terminal that is closed sends, to the whole group: workers are not to die of it before they have saved."""
    with Run(tmp_path / "store", workers=1, LMCSPEC_CHECKPOINT_SECONDS="0") as run:
        # So short a distillation has no occasion for a checkpoint: it is a training that has to be stopped.
        run.until(lambda: "distilled/dm2 in" in run.said)
        with Freeze(run):
            os.killpg(run.process.pid, signal.SIGHUP)
            run.until(lambda: "stopping: tasks save a checkpoint" in run.said)
        assert run.end() == 130
        assert "Traceback" not in run.said
        assert run.gone(0.5)
    store = Store.open(tmp_path / "store", create=False)
    assert verify(store) == []
    assert not list(store.root.glob("leases/*.json"))
    assert len(list(store.root.glob("partial/*/checkpoint*"))) == 1
    assert re.search(r"1 interrupted  .*\n  cut off  \S+  goes on after update \d+\n", run.told("status"), re.DOTALL)
    plan = run.told("plan")
    assert "previous-failed" not in plan
    assert re.search(r"interrupted  its last attempt was cut off  1 task\n +\w+ \S+  goes on after update \d+\n", plan)
    with Run(tmp_path / "store") as run:
        assert run.end() == 0, run.said
    assert not compare(manifest(store), calm)
