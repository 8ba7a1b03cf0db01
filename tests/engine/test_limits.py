"""What holds a run back: tasks at a time, and the first failure."""

from dataclasses import replace

import pytest
from jobs_for_tests import Plan
from specs_for_tests import STABILITY, plan_of

from lmcspec import engine
from lmcspec.base.errors import UsageError
from lmcspec.engine import Summary, events, execute
from lmcspec.engine.limits import Limits
from lmcspec.plan.chosen import Chosen
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner


@pytest.mark.parametrize("fast", [False, True])
def test_the_first_failure_ends_the_run_if_asked_to(tmp_path, fast):
    plan = Plan()
    bad = plan.add("bug", seconds=9.0)
    after = plan.add(needs=(bad,))
    others = [plan.add(value=number, seconds=1.0) for number in range(3)]
    heard = []
    limits = Limits(fail_fast=fast)
    summary = engine.run(
        plan.job(), Store.open(tmp_path / "store"), InlineRunner(), listeners=[heard.append], limits=limits
    )
    assert summary.failed == (bad,) and summary.skipped == (after,)
    assert summary.done == (() if fast else tuple(others))
    assert summary.left == (set(others) if fast else set())
    assert isinstance(heard[-1], events.RunEnded)


def test_what_is_mended_is_still_the_part_that_was_asked_for(tmp_path, monkeypatch):
    """A task that met damage is run again with what it needs, and nothing that was left out."""
    plan, store = plan_of(STABILITY), Store.open(tmp_path / "store")
    view = outlook(plan, store, chosen=Chosen(until=("0",)))
    assert 0 < len(view.diff.run) < len(outlook(plan, store).diff.run)
    ran = []

    def once(again, *_):
        ran.append(set(again.diff.run))
        first = again.diff.run[0]
        met = Summary((), (first,), (), (), (), 0.0, damaged=frozenset([first]))
        return met if len(ran) == 1 else replace(met, failed=(), done=again.diff.run, damaged=frozenset())

    monkeypatch.setattr(execute, "_execute", once)
    execute.execute(view, store, InlineRunner())
    assert ran == [set(view.diff.run)] * 2


@pytest.mark.parametrize("most", [0, -1, -(10**30)])
def test_no_tasks_at_a_time_is_an_error(most):
    """Such a run would wait for ever."""
    with pytest.raises(UsageError, match=f"at most {most} tasks") as caught:
        Limits(max_parallel=most)
    assert "1 or more" in caught.value.help
    assert Limits(max_parallel=1).max_parallel == 1 and Limits().max_parallel is None
