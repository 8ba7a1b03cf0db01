"""A study with trainings as one program: the same tasks and, to rounding, the same numbers."""

import pytest
from specs_for_tests import STABILITY, plan_of

from lmcspec.engine import events
from lmcspec.engine.execute import execute
from lmcspec.engine.limits import Limits
from lmcspec.plan.outlook import outlook
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner


@pytest.fixture
def pays(monkeypatch):
    """As if programs of up to four were quicker here."""
    monkeypatch.setattr("lmcspec.tasks.ways.together", lambda ctx, part, recipe, updates, offered: min(offered, 4))


def carried_out(root, spec, batching):
    store = Store.open(root)
    plan = plan_of(spec)
    heard = []
    limits = Limits(batching=batching)
    summary = execute(outlook(plan, store), store, InlineRunner(), [heard.append], limits=limits)
    assert not summary.failed
    return store, plan, heard


@pytest.mark.slow
def test_a_study_is_the_same_to_rounding(tmp_path, pays):
    alone, plan, _ = carried_out(tmp_path / "alone", STABILITY, "off")
    several, _, heard = carried_out(tmp_path / "several", STABILITY, "auto")
    trainings = [task.id for task in plan.tasks.values() if task.kind == "train" and alone.find(task.id)]
    companies = [several.find(task).record["numerics"].get("together", 1) for task in trainings]
    assert max(companies) > 1
    for task in trainings:
        ours, theirs = several.find(task), alone.find(task)
        assert ours.outcome == theirs.outcome and ours.scalars.keys() == theirs.scalars.keys()
        assert ours.scalars["test_loss"] == pytest.approx(theirs.scalars["test_loss"], rel=0.02)
        assert "together" not in theirs.record["numerics"]
    ended = [event.task.id for event in heard if isinstance(event, events.Finished)]
    assert len(ended) == len(set(ended))
