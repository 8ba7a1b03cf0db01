"""What holds a run back: tasks at a time, and the first failure."""

import pytest
from jobs_for_tests import Plan

from lmcspec import engine
from lmcspec.engine import events
from lmcspec.engine.run import Limits
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
