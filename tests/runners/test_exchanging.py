# pyright: reportMissingImports=false, reportArgumentType=false, reportAttributeAccessIssue=false
"""A driver and workers with stores of their own: objects come and go by a URL, and the bits are the same."""

import random
import threading
import uuid
from dataclasses import replace

import fsspec
import pytest
from exchanging_for_tests import Elsewhere, of, run
from jobs_for_tests import Plan
from manifest_for_tests import compare, manifest

from lmcspec.engine import events
from lmcspec.store import Store, layout, open_attempt, verify
from lmcspec.store.remote import Remote
from lmcspec.store.remote_objects import send
from lmcspec_runners.exchanging import ExchangingRunner, fetch_what_is_there
from lmcspec_runners.inline import InlineRunner


@pytest.fixture
def url():
    return f"memory://{uuid.uuid4().hex}/study"


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "driver")


@pytest.fixture
def node(tmp_path):
    return Store.open(tmp_path / "node")


def graph():
    plan = Plan()
    first = [plan.add(value=value, kind="WRITE") for value in (1, 2)]
    state = plan.passed(7)
    long = plan.add("", 9, kind="PASS", passes=(state,))
    last = plan.add(value=3, kind="WRITE", needs=first)
    return plan, first, state, long, last


def again(plan, store, task):
    """Have this task alone run, of a plan of which all is done."""
    store.discard(task)
    for other in [identifier for identifier in plan.tasks if identifier != task]:
        del plan.tasks[other]


def files(url, identifier):
    filesystem, root = fsspec.core.url_to_fs(url)
    return sorted(filesystem.find(f"{root}/objects/{identifier[:2]}/{identifier}"))


def spoil(url, identifier, name=None):
    """Change a bit of a file of an object at the URL: of its COMMIT, or of all others."""
    filesystem, _ = fsspec.core.url_to_fs(url)
    for path in files(url, identifier):
        if (path.rpartition("/")[2] == layout.COMMIT) == (name == layout.COMMIT):
            data = filesystem.cat_file(path)
            filesystem.pipe_file(path, data[:-1] + bytes([data[-1] ^ 1]) if data else b"x")


def test_results_are_in_all_three_places_and_equal(store, node, url, tmp_path):
    plan, _, state, _, last = graph()
    summary, _ = run(plan, store, ExchangingRunner(Elsewhere(node), url))
    assert set(summary.done) == set(plan.tasks) and not summary.failed
    assert not compare(manifest(store), manifest(node)) and set(manifest(store)) == {*plan.tasks, state}
    assert store.find(last).scalars == {"total": 6}
    alone = Store.open(tmp_path / "alone")
    run(plan, alone, InlineRunner())
    assert not compare(manifest(alone), manifest(store))
    assert verify(store) == [] and verify(node) == []
    assert all(files(url, one) for one in manifest(store))


def test_a_new_worker_fetches_what_it_needs(store, node, url, tmp_path):
    """What the driver has from before is sent to where the worker finds it."""
    plan = Plan()
    first = [plan.add(value=value, kind="WRITE") for value in (1, 2)]
    run(plan, store, InlineRunner())
    last = plan.add(value=3, kind="WRITE", needs=first)
    del plan.tasks[first[0]], plan.tasks[first[1]]
    summary, _ = run(plan, store, ExchangingRunner(Elsewhere(node), url))
    assert summary.done == (last,)
    assert set(manifest(node)) == {*first, last}


def test_what_another_driver_has_done_is_reused(store, node, url, tmp_path):
    plan, *_ = graph()
    run(plan, store, ExchangingRunner(Elsewhere(node), url))
    others = Store.open(tmp_path / "other driver"), Store.open(tmp_path / "other node")
    summary, _ = run(plan, others[0], ExchangingRunner(Elsewhere(others[1]), url))
    assert set(summary.reused) == set(plan.tasks) and not summary.done
    assert not compare(manifest(others[0]), manifest(store))


def test_what_is_there_is_fetched_before_a_plan_is_made(store, node, url, tmp_path):
    plan, *_ = graph()
    run(plan, store, ExchangingRunner(Elsewhere(node), url))
    other = Store.open(tmp_path / "other driver")
    wanted = [*plan.tasks, "0" * 64]
    left = []

    def missing():
        left.append([task for task in wanted if task not in other.present(wanted)])
        return left[-1]

    assert fetch_what_is_there(url, other, missing) == len(plan.tasks)
    assert left[-1] == ["0" * 64]


def test_a_forced_task_is_made_again_everywhere(store, node, url):
    plan, first, *_ = graph()
    run(plan, store, ExchangingRunner(Elsewhere(node), url))
    before = {one: (store.find(one).record["attempt"], node.find(one).record["attempt"]) for one in plan.tasks}
    store.discard(first[0])
    elsewhere = Elsewhere(node)
    summary, _ = run(plan, store, ExchangingRunner(elsewhere, url, forced=[first[0]]))
    assert summary.done == (first[0],)
    after = {one: (store.find(one).record["attempt"], node.find(one).record["attempt"]) for one in plan.tasks}
    assert {one for one in plan.tasks if before[one] != after[one]} == {first[0]}
    assert after[first[0]][0] == after[first[0]][1] != before[first[0]][0]


def test_a_node_with_another_result_of_an_input_fetches_the_drivers(store, node, url):
    """As one has that made it before it was forced elsewhere."""
    plan, first, *_, last = graph()
    open_attempt(node, first[0]).commit(plan.documents[first[0]], {"scalars": {"total": 100}}, {})
    run(plan, store, InlineRunner())
    again(plan, store, last)
    summary, _ = run(plan, store, ExchangingRunner(Elsewhere(node), url))
    assert summary.done == (last,)
    assert store.find(last).scalars == {"total": 6}
    assert node.find(first[0]).digest == store.find(first[0]).digest


def test_where_the_url_has_another_one_too_the_drivers_takes_its_place(store, node, url, tmp_path):
    """As where a colleague's machine rounds otherwise."""
    plan, first, *_, last = graph()
    other = Store.open(tmp_path / "other")
    open_attempt(other, first[0]).commit(plan.documents[first[0]], {"scalars": {"total": 100}}, {})
    send(other, Remote.at(url), first[0])
    run(plan, store, InlineRunner())
    again(plan, store, last)
    runner = ExchangingRunner(Elsewhere(node), url)
    summary, _ = run(plan, store, runner)
    assert summary.failed == (last,) and summary.damaged == {last}
    summary, _ = run(plan, store, runner)
    assert summary.done == (last,)
    assert store.find(last).scalars == {"total": 6}
    assert node.find(first[0]).digest == store.find(first[0]).digest


def test_and_a_by_product_that_was_made_again_is_fetched(store, node, url):
    plan = Plan()
    state = plan.passed(7)
    plan.add("", 9, kind="PASS", passes=(state,))
    last = plan.add(value=3, kind="WRITE", needs=[state])
    run(plan, store, InlineRunner())
    open_attempt(node, state).commit(plan.documents[state], {"scalars": {"total": 100}}, {})
    again(plan, store, last)
    run(plan, store, ExchangingRunner(Elsewhere(node), url))
    assert node.find(state).digest == store.find(state).digest


def test_an_input_that_was_damaged_at_the_url_is_sent_again(store, node, url, tmp_path):
    plan, first, _, _, last = graph()
    run(plan, store, ExchangingRunner(Elsewhere(node), url))
    store.discard(last)
    spoil(url, first[0])
    for path in files(url, last):
        fsspec.core.url_to_fs(url)[0].rm_file(path)
    for one in (*plan.tasks,):
        if one != last:
            del plan.tasks[one]
    fresh = Store.open(tmp_path / "fresh node")
    runner = ExchangingRunner(Elsewhere(fresh), url)
    summary, _ = run(plan, store, runner)
    assert summary.failed == (last,) and summary.damaged == {last}
    summary, _ = run(plan, store, runner)
    assert summary.done == (last,), "as execute() does it in one run"
    assert verify(fresh) == []


def test_a_result_that_is_damaged_on_its_way_is_sent_again(store, node, url):
    plan = Plan()
    task = plan.add(value=1, kind="WRITE")
    elsewhere = Elsewhere(node)
    runner = ExchangingRunner(elsewhere, url)
    poll, spoilt = elsewhere._runner.poll, []

    def spoiling(timeout):
        happened = poll(timeout)
        if not spoilt and any(type(event).__name__ == "Reported" for event in happened):
            spoilt.append(spoil(url, task))
        return happened

    elsewhere.poll = spoiling
    summary, heard = run(plan, store, runner)
    assert summary.failed == (task,) and summary.damaged == {task}
    assert "damaged" in of(events.Failed, heard)[0].message
    assert store.find(task) is None
    summary, _ = run(plan, store, runner)
    assert summary.reused == (task,) and verify(store) == []


@pytest.mark.parametrize("name", [None, layout.COMMIT])
def test_what_is_damaged_at_the_url_from_before_is_made_again(store, node, url, tmp_path, name):
    plan = Plan()
    task = plan.add(value=1, kind="WRITE")
    run(plan, store, ExchangingRunner(Elsewhere(node), url))
    spoil(url, task, name)
    others = Store.open(tmp_path / "other driver"), Store.open(tmp_path / "other node")
    summary, _ = run(plan, others[0], ExchangingRunner(Elsewhere(others[1]), url))
    assert summary.done == (task,) and not compare(manifest(others[0]), manifest(store))


def test_a_url_that_is_away_fails_the_task_and_not_the_results(store, node, url, monkeypatch):
    from lmcspec.store import remote

    monkeypatch.setattr(
        remote.Remote, "write", lambda *_: (_ for _ in ()).throw(remote.RemoteError("can't write there"))
    )
    plan = Plan()
    task = plan.add(value=1, kind="WRITE")
    summary, heard = run(plan, store, ExchangingRunner(Elsewhere(node), url))
    assert summary.failed == (task,) and store.find(task) is None
    assert "can't write there" in of(events.Failed, heard)[0].message
    monkeypatch.undo()
    assert node.find(task) is not None
    summary, _ = run(plan, store, ExchangingRunner(Elsewhere(node), url))
    assert summary.reused == (task,), "it was made, and only had to be sent"


def test_a_task_whose_inputs_cannot_be_sent_has_failed(store, node, url, monkeypatch):
    plan = Plan()
    first = plan.add(value=1, kind="WRITE")
    run(plan, store, InlineRunner())
    plan.add(value=3, kind="WRITE", needs=[first])
    (store.find(first).path / "out/value.txt").write_text("9\n")
    del plan.tasks[first]
    summary, heard = run(plan, store, ExchangingRunner(Elsewhere(node), url))
    assert len(summary.failed) == 1 and "damaged" in of(events.Failed, heard)[0].message


class Lossy(Elsewhere):
    """Its worker is lost after it has committed and sent, before it could say so."""

    def poll(self, timeout):
        from lmcspec.engine.runner import Lost, Reported

        happened = self._runner.poll(timeout)
        return [Lost(0, True, "the node went away", "") if isinstance(one, Reported) else one for one in happened]


def test_a_worker_that_is_lost_after_it_sent_its_result_has_done_it(store, node, url):
    plan, *_ = graph()
    summary, heard = run(plan, store, ExchangingRunner(Lossy(node), url))
    assert set(summary.done) == set(plan.tasks) and not of(events.Retried, heard)


def test_a_stop_while_inputs_are_on_their_way(store, node, url, monkeypatch):
    from lmcspec_runners import exchanging

    plan = Plan()
    first = plan.add(value=1, kind="WRITE")
    run(plan, store, InlineRunner())
    last = plan.add(value=3, kind="WRITE", needs=[first])
    del plan.tasks[first]
    go = threading.Event()
    monkeypatch.setattr(exchanging, "send", lambda *_, **__: go.wait(20))
    runner = ExchangingRunner(Elsewhere(node), url)
    runner.start()
    (ready,) = runner.poll(1)
    assert runner.submit(store, last, plan.payload(last), ready.slot) == 0
    assert runner.poll(0.01) == []
    runner.stop()
    reported, again = runner.poll(0.01)
    assert reported.report.status == "interrupted" and again == replace(ready, pid=0)
    go.set()
    runner.close()
    runner.close()


def test_two_drivers_with_two_stores_and_one_url(store, node, url, tmp_path):
    """Nothing but the URL between them: every result is in both stores, and the two agree."""
    plan = Plan()
    names = [plan.add(value=value, kind="WRITE") for value in range(12)]
    for value in range(12):
        plan.add(value=100 + value, kind="WRITE", needs=random.Random(value).sample(names, 2))
    stores = store, Store.open(tmp_path / "second")
    nodes = node, Store.open(tmp_path / "second node")
    ended = []
    for number in (0, 1):
        summary, _ = run(plan, stores[number], ExchangingRunner(Elsewhere(nodes[number]), url))
        ended.append(summary)
    assert len(ended[0].done) == 24 and len(ended[1].reused) == 24
    assert not compare(manifest(stores[0]), manifest(stores[1]))


def test_attempts_of_nobody_are_left(store, node, url):
    plan, *_ = graph()
    run(plan, store, ExchangingRunner(Elsewhere(node), url))
    for one in (store, node):
        assert not list(one.root.glob("attempts/*/*")) and not list(one.root.glob("leases/*.json"))
