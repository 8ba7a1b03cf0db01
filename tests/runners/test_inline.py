import pytest
from jobs_for_tests import Plan
from manifest_for_tests import manifest

from lmcspec import engine
from lmcspec.base.errors import StoreError
from lmcspec.engine import Retries, events
from lmcspec.store import Store
from lmcspec_runners.inline import InlineRunner
from lmcspec_runners.local import LocalRunner


def test_a_graph_runs_here_as_on_workers(tmp_path):
    plan = Plan()
    state = plan.passed(5)
    first = plan.add(value=1, kind="PASS", passes=(state,))
    last = plan.add(value=3, kind="WRITE", needs=(first,), extra=(state,))
    failing = plan.add("memory", label="greedy")
    skipped = plan.add(needs=(failing,))
    stores = [Store.open(tmp_path / name) for name in ("inline", "local")]
    for store, runner in zip(stores, (InlineRunner(), LocalRunner()), strict=True):
        heard = []
        summary = engine.run(plan.job(), store, runner, listeners=[heard.append], retries=Retries())
        assert summary.done == (first, last) or set(summary.done) == {first, last}
        assert (summary.failed, summary.skipped) == ((failing,), (skipped,))
        assert sum(isinstance(event, events.Retried) for event in heard) == 1
    assert manifest(stores[0]) == manifest(stores[1])
    assert manifest(stores[0]).keys() == {state, first, last}


def test_collapse_can_skip(tmp_path):
    for policy, done in (("go-on", 2), ("skip", 1)):
        plan = Plan(on_collapse=policy)
        plan.add(value=1, kind="WRITE", needs=(plan.add("collapse"),))
        summary = engine.run(plan.job(), Store.open(tmp_path / policy), InlineRunner())
        assert (len(summary.done), len(summary.skipped)) == (done, 2 - done)


def test_nothing_to_do_starts_nothing(tmp_path):
    class Never(InlineRunner):
        def start(self):
            raise AssertionError

    summary = engine.run(Plan().job(), Store.open(tmp_path / "store"), Never())
    assert not summary.done


def test_what_was_collected_stays_in_the_index_if_a_listener_breaks(tmp_path):
    from lmcspec.store import Index

    plan = Plan()
    task = plan.add()
    store = Store.open(tmp_path / "store")

    def breaks(event):
        if isinstance(event, events.Finished):
            raise RuntimeError("listener")  # noqa: TRY004

    with pytest.raises(RuntimeError, match="listener"):
        engine.run(plan.job(), store, InlineRunner(), listeners=[breaks])
    with Index(store) as index:
        assert index.ids() == {task}


def test_a_full_disk_ends_the_run_and_fails_no_task(tmp_path):
    plan = Plan()
    plan.add("full", seconds=9.0, label="first")
    plan.add(seconds=1.0)
    store, heard = Store.open(tmp_path / "store"), []
    with pytest.raises(StoreError, match="no space is left") as caught:
        engine.run(plan.job(), store, InlineRunner(), listeners=[heard.append])
    assert "free some space" in caught.value.help
    assert not any(isinstance(event, events.Failed) for event in heard)
    assert [event.task.label for event in heard if isinstance(event, events.Started)] == ["first"]
    assert (heard[-1].interrupted, heard[-1].failed) == (1, 0)
