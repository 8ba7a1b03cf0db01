"""A real SIGKILL at every stage of `gc`, then the study again: nothing that is kept is lost, and it comes to the same."""

import os
import shutil
import signal
import subprocess

import pytest
from manifest_for_tests import compare, manifest
from runs_for_tests import COMMAND, Run, fault

from lmcspec.base.faults import UPKEEP
from lmcspec.plan.needs import read_needs
from lmcspec.store import Index, Store, forget_study, verify

STAGES = [stage for stage in UPKEEP if stage.startswith("gc.") and stage != "gc.unmarked"]
"""That one is reached on a full disk alone."""
ALWAYS = ("gc.first-aside", "gc.all-aside", "gc.first-deleted")


def gc(store, *options, **environment):
    words = [COMMAND, "gc", "--store", str(store), *options]
    environment = {**os.environ, "LMCSPEC_DRIVER_PID": "0", **environment}
    return subprocess.run(words, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize(
    "stage",
    [pytest.param(stage, marks=pytest.mark.kill if stage in ALWAYS else pytest.mark.slow) for stage in STAGES],
)
def test_killed_at(both, calm, tmp_path, stage):
    shutil.copytree(both, tmp_path / "store")
    store = Store.open(tmp_path / "store")
    second = manifest(store).keys() - calm.keys()
    assert second and forget_study(store, "killed")
    if stage == "gc.marked":  # as where another run was at work when it was used up
        source = next(store.find(one) for one in store.dropped(store.ids()))
        (source.path / "DROPPED").unlink()
        (source.path / "out").mkdir(exist_ok=True)
    before = manifest(store)
    needed = before.keys() & read_needs(store).tasks
    assert needed < before.keys()
    mark = tmp_path / "mark"
    killed = gc(store.root, "--yes", **fault(stage, "worker", mark))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert mark.exists()
    left = manifest(store)
    assert left.items() <= before.items() and needed <= left.keys()
    if stage != "gc.marked":
        assert verify(store) == [], "what is there is whole"
    done = gc(store.root, "--yes")
    assert done.returncode == 0, done.stderr
    assert manifest(store).keys() == needed
    with Index(store) as index:
        assert index.ids() == needed
    assert not list(store.root.glob("attempts/*/*")), "nothing is left lying about"
    with Run(store.root) as run:
        assert run.end() == 0, run.said
    assert not compare({one: digest for one, digest in manifest(store).items() if one not in second}, calm)
    assert verify(store) == []


@pytest.mark.kill
def test_beside_two_runs_nothing_goes_that_they_need(undisturbed, calm, tmp_path):
    """They are of a study that was forgotten a moment before: what they take for reused is unneeded until they begin."""
    root = tmp_path / "store"
    shutil.copytree(undisturbed, root)
    store = Store.open(root)
    forget_study(store, "killed")
    more = ("--set", "measures.stability.points=7")
    with Run(root, *more, workers=1) as first, Run(root, *more, workers=1) as second:
        tries = [gc(root, "--yes") for _ in range(2)]
        assert first.end() == 0, first.said
        assert second.end() == 0, second.said
    assert {one.returncode for one in tries} <= {0, 4}, [one.stderr for one in tries]
    assert verify(store) == []
    needed = read_needs(store).tasks
    with Run(root, *more) as again:
        assert again.end() == 0 and again.done() == [], "nothing was left to do"
    shared = {one: digest for one, digest in manifest(store).items() if one in calm and one in needed}
    assert shared.items() <= calm.items() and len(shared) > 30
