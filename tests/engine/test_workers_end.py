"""Whatever ends a run, and when: its workers are ended, too."""

import pytest
from specs_for_tests import STABILITY, plan_of

from lmcspec.base.errors import StoreError
from lmcspec.engine import Summary, execute
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner

FULL = StoreError("the disk is full")


class Noting(InlineRunner):
    """Notes when it is started and closed; it may be unable to start, and may refuse."""

    def __init__(self, cannot=""):
        super().__init__()
        self._cannot, self.said = cannot, []

    def _note(self, what):
        self.said.append(what)
        if what == self._cannot:
            raise FULL

    def start(self):
        self._note("start")

    def refuse(self, tasks):
        self._note("refuse")

    def close(self):
        self.said.append("close")


def failing(*_, **__):
    raise FULL


@pytest.fixture
def view(tmp_path):
    return outlook(plan_of(STABILITY), Store.open(tmp_path / "store"))


@pytest.mark.parametrize("what", ["driving", "sweep", "Recording", "job_of", "journal", "run"])
def test_no_worker_stays_where_something_fails_before_it_has_a_task(view, monkeypatch, what):
    runner = Noting()
    monkeypatch.setattr(execute, what, failing)
    with pytest.raises(StoreError, match="full"):
        execute.execute(view, view.store, runner)
    assert runner.said[-1] == "close"


@pytest.mark.parametrize("what", ["start", "refuse"])
def test_no_worker_stays_where_the_runner_fails(view, what):
    runner = Noting(what)
    with pytest.raises(StoreError, match="full"):
        execute.execute(view, view.store, runner)
    assert runner.said[-2:] == [what, "close"]


def test_no_worker_stays_where_mending_fails(view, monkeypatch):
    runner, first = Noting(), view.diff.run[0]
    met = Summary((), (first,), (), (), (), 0.0, damaged=frozenset([first]))
    monkeypatch.setattr(execute, "_execute", lambda *_: met)
    monkeypatch.setattr(execute, "outlook", failing)
    with pytest.raises(StoreError, match="full"):
        execute.execute(view, view.store, runner)
    assert runner.said == ["close"]
