"""The store of a node of its own: nobody deletes in it what a task there counts on."""

import uuid

import pytest
from jobs_for_tests import Plan

from lmcspec.engine.context import Workplace
from lmcspec.engine.exchange import exchanging
from lmcspec.engine.logs import StreamLog
from lmcspec.engine.report import Report
from lmcspec.plan.collect import collect, sort
from lmcspec.plan.unneeded import Wish
from lmcspec.store import open_attempt
from lmcspec.store.undisturbed import AtWorkError


def test_nothing_is_deleted_while_a_task_is_done_there(store):
    """What was fetched for it is kept by no record of a study."""
    plan = Plan()
    first = plan.add(value=1, kind="WRITE")
    open_attempt(store, first).commit(plan.documents[first], {"scalars": {"total": 1}}, {})
    last = plan.add(value=2, kind="WRITE", needs=[first])
    payload = {**plan.payload(last), "objects": {"url": f"memory://{uuid.uuid4().hex}/study"}}
    place = Workplace(device="cpu", send=print, stopping=lambda: False, open_log=StreamLog, memory={})
    refused = []

    def work(*_):
        with pytest.raises(AtWorkError, match="at work") as caught:
            collect(store, Wish())
        refused.append(caught.value)
        return Report("failed", 0.0)

    exchanging(store, last, payload, place, work)
    assert refused and store.find(first) is not None


def test_it_is_a_cache_of_which_all_may_go(store):
    plan = Plan()
    made = [plan.add(value=value, kind="WRITE") for value in range(3)]
    for task in made:
        open_attempt(store, task).commit(plan.documents[task], {"scalars": {"total": 1}}, {})
    assert {leaving.piece.id for leaving in sort(store, Wish()).leaving} == {*made}
    assert not sort(store, Wish(older=3600.0)).leaving, "the newest can be left"
    assert len(collect(store, Wish()).gone) == 3 and not list(store.ids())
