"""The same study by other ways comes to the same bytes: other runners, two drivers at once, tasks in another order."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from manifest_for_tests import compare, manifest
from runs_for_tests import STUDY, Run

from lmcspec.store import Store, verify

pytestmark = pytest.mark.kill

ORDERS = Path(__file__).with_name("orders_for_tests.py")


def test_inline_is_local(calm, tmp_path):
    with Run(tmp_path / "store", "--runner", "inline") as run:
        assert run.end() == 0, run.said
    assert not compare(manifest(Store.open(tmp_path / "store")), calm)


def test_two_drivers_share_the_work(calm, tasks, tmp_path):
    with Run(tmp_path / "store", workers=1) as first, Run(tmp_path / "store", workers=1) as second:
        assert first.end() == 0, first.said
        assert second.end() == 0, second.said
        done = [*first.done(), *second.done()]
        tables = [json.loads(run.results)["data"]["results"] for run in (first, second)]
    assert tables[0] == tables[1]
    assert sorted(done) == sorted(tasks), "every task runs once"
    store = Store.open(tmp_path / "store")
    assert not compare(manifest(store), calm)
    assert verify(store) == []
    # An attempt that did not become its object would be here.
    assert not list(store.root.glob("attempts/*/*"))
    assert not list(store.root.glob("leases/*.json"))


def test_kinds_alone_and_after_others_give_equal_bytes(calm, tmp_path):
    """One process does all tasks, another all in another order, and for each kind one does a single task."""
    answer = subprocess.run(
        [sys.executable, str(ORDERS), str(STUDY), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    kinds = json.loads(answer.stdout)
    assert set(kinds) == {"distill", "train", "prune", "shuffle", "path", "distance"}
    assert not compare(manifest(Store.open(tmp_path / "forwards")), calm)
    assert not compare(manifest(Store.open(tmp_path / "backwards")), calm)
    for kind, task in kinds.items():
        assert manifest(Store.open(tmp_path / kind), [task]) == {task: calm[task]}, f"{kind} alone is another"
