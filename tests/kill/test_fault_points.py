"""A real SIGKILL at every registered fault point of a real study: the same command goes on, and nothing differs.

With every change each point is reached once by a driver, half of them together with its worker, and some by a worker
alone; all the rest where there is time.
"""

import signal

import pytest
from manifest_for_tests import compare, manifest
from runs_for_tests import Run, fault

from lmcspec.base.faults import FAULTS
from lmcspec.store import Store, sweep, verify
from lmcspec.store.attempts import Swept

OFTEN = {"LMCSPEC_CHECKPOINT_SECONDS": "0"}
"""A checkpoint at every occasion, for trainings that take a tenth of a second."""
NO_WORKER_YET = "engine.plan-recorded"
EVEN, ODD = list(FAULTS)[::2], list(FAULTS)[1::2]
ALWAYS = ("distill.checkpoint", "train.update", "train.checkpoint", "commit.written", "commit.renamed")
"""Where a worker alone is killed with every change: at its work, its checkpoints, and both sides of a commit."""


@pytest.mark.parametrize(
    ("points", "victims"),
    [
        pytest.param(EVEN, "driver", marks=pytest.mark.kill),
        pytest.param(ODD, "both", marks=pytest.mark.kill),
        pytest.param(EVEN, "both", marks=pytest.mark.slow),
        pytest.param(ODD, "driver", marks=pytest.mark.slow),
    ],
    ids=["even-driver", "odd-both", "even-both", "odd-driver"],
)
def test_a_driver_killed_over_and_over(calm, tmp_path, points, victims):
    """One study, killed at each of these points in turn: every rerun of the command comes as far as the next."""
    for point in points:
        mark = tmp_path / point
        with Run(tmp_path / "store", **OFTEN, **fault(point, victims, mark)) as run:
            assert run.end() == -signal.SIGKILL, f"{point} was never reached, or not so:\n{run.said}"
            dead = struck(mark)
            assert run.process.pid in dead
            assert len(dead) == (2 if victims == "both" and point != NO_WORKER_YET else 1)
            assert run.gone(), f"{point}: left are {run.family()}"
        assert_whole(tmp_path / "store", calm)
    # Armed as before, but its mark is there: the point is spent.
    with Run(tmp_path / "store", **OFTEN, **fault(points[-1], victims, mark)) as run:
        assert run.end() == 0, run.said
        assert run.gone()
    store = assert_whole(tmp_path / "store", calm)
    assert not compare(manifest(store), calm)
    assert sweep(store) == Swept(), "something dead was left lying about"


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(point, marks=pytest.mark.kill if point in ALWAYS else pytest.mark.slow)
        for point in FAULTS
        if point != NO_WORKER_YET
    ],
)
def test_a_worker_killed(calm, tmp_path, point):
    """The run goes on by itself with another worker, and the task's loss shows in no result."""
    mark = tmp_path / "mark"
    with Run(tmp_path / "store", **OFTEN, **fault(point, "worker", mark)) as run:
        assert run.end() == 0, run.said
        assert mark.exists(), f"{point} was never reached"
        (dead,) = struck(mark)
        assert dead != run.process.pid
        assert "the worker process was ended by SIGKILL" in run.said
        assert run.gone()
    store = assert_whole(tmp_path / "store", calm)
    assert not compare(manifest(store), calm)


def struck(mark):
    """The processes that a fault point has killed."""
    return [int(line) for line in mark.read_text().split()]


def assert_whole(root, calm):
    """Every object that can be seen is complete to the last byte, and is the undisturbed run's."""
    store = Store.open(root, create=False)
    assert verify(store, full=True) == []
    assert manifest(store).items() <= calm.items()
    assert not list(store.root.glob("objects/**/*.draft"))
    return store
