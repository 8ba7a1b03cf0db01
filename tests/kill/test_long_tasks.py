"""A real SIGKILL in the middle of every kind of long task that the small study has not: its checkpoint goes on."""

import signal

import pytest
from manifest_for_tests import compare, manifest
from runs_for_tests import STUDY, Run, fault

from lmcspec.base.faults import RARER
from lmcspec.store import Store, sweep, verify
from lmcspec.store.attempts import Swept

LONG = STUDY.with_name("long.toml")
OFTEN = {"LMCSPEC_CHECKPOINT_SECONDS": "0"}
"""A checkpoint at every occasion, for tasks that take a tenth of a second."""


@pytest.fixture(scope="session")
def calm_long(tmp_path_factory):
    """What an undisturbed run comes to, and without any checkpoint: id -> digest of the result."""
    store = tmp_path_factory.mktemp("calm") / "store"
    with Run(store, "--no-tracking", study=LONG) as run:
        assert run.end() == 0, run.said
    return manifest(Store.open(store))


@pytest.mark.kill
def test_a_driver_and_its_worker_killed_in_each_of_them(calm_long, tmp_path):
    """At the second checkpoint of each kind, one study in turn: what was interrupted goes on from the first one."""
    for point in RARER:
        armed = fault(point, "both", tmp_path / point) | {"LMCSPEC_FAULT_AFTER": "1"}
        with Run(tmp_path / "store", "--no-tracking", study=LONG, **OFTEN, **armed) as run:
            assert run.end() == -signal.SIGKILL, f"{point} was never reached, or not so:\n{run.said}"
            assert run.gone(), f"{point}: left are {run.family()}"
            assert "goes on after" in run.told("plan"), point
    with Run(tmp_path / "store", "--no-tracking", study=LONG, **OFTEN) as run:
        assert run.end() == 0, run.said
        assert run.gone()
    same(tmp_path / "store", calm_long)


@pytest.mark.slow
@pytest.mark.parametrize("after", ["0", "2"])
@pytest.mark.parametrize("point", RARER)
def test_a_worker_killed_in_one_of_them(calm_long, tmp_path, point, after):
    armed = fault(point, "worker", tmp_path / "mark") | {"LMCSPEC_FAULT_AFTER": after}
    with Run(tmp_path / "store", "--no-tracking", study=LONG, **OFTEN, **armed) as run:
        assert run.end() == 0, run.said
        assert (tmp_path / "mark").exists(), f"{point} was never reached"
        assert "the worker process was ended by SIGKILL" in run.said
    same(tmp_path / "store", calm_long)


def same(root, calm):
    """The undisturbed run's results, whole, and nothing dead beside them."""
    store = Store.open(root, create=False)
    assert verify(store, full=True) == []
    assert not compare(manifest(store), calm)
    assert sweep(store) == Swept(), "something dead was left lying about"
