"""A store that others are at: ten drivers at once, and somebody who takes the folder away in the middle of a run."""

import shutil

import pytest
from manifest_for_tests import compare, manifest
from runs_for_tests import Freeze, Run

from lmcspec.store import Store, verify

pytestmark = pytest.mark.kill


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_drivers_share_the_work(calm, tasks, tmp_path):
    """Each task is done once and committed once, whoever does it."""
    runs = [Run(tmp_path / "store", "--no-tracking", workers=1) for _ in range(10)]
    try:
        for run in runs:
            assert run.end(400) == 0, run.said
        assert sorted(label for run in runs for label in run.done()) == sorted(tasks)
    finally:
        for run in runs:
            run.__exit__()
    store = Store.open(tmp_path / "store")
    assert not compare(manifest(store), calm)
    assert verify(store) == []
    assert not list(store.root.glob("attempts/*/*"))
    assert not list(store.root.glob("leases/*.json"))


@pytest.mark.parametrize("part", ["objects", "attempts", "leases", "index.sqlite", "."])
def test_a_folder_that_is_removed_under_a_run(calm, tmp_path, part):
    """The run ends with a sentence, or does without; the same command makes what is missing."""
    store = tmp_path / "store"
    with Run(store, "--no-tracking", workers=1, format="table") as run:
        with Freeze(run):
            taken = store / part
            (shutil.rmtree if taken.is_dir() else lambda path: path.unlink())(taken)
        code = run.end()
        assert code in (0, 4), run.said
        assert "Traceback" not in run.said
        assert code == 0 or ("went away" in run.said and "help: " in run.said), run.said
        assert run.gone(0.5)
    with Run(store, "--no-tracking") as run:
        assert run.end() == 0, run.said
    assert not compare(manifest(Store.open(store)), calm)
    assert verify(Store.open(store)) == []
