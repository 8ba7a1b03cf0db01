# pyright: reportMissingImports=false, reportArgumentType=false, reportAttributeAccessIssue=false
"""Workers with stores of their own that go, or have no time, at moments in which something is on its way."""

import threading
import uuid
from collections import deque

import pytest
from exchanging_for_tests import Elsewhere, of, run
from jobs_for_tests import Plan

from lmcspec.engine import events
from lmcspec.engine.failures import Failure
from lmcspec.engine.limits import Limits
from lmcspec.engine.report import Report
from lmcspec.engine.runner import Carrying, Lost, Ready, Reported, Returned, Slot
from lmcspec.engine.silence import Patience
from lmcspec.store import Store
from lmcspec_runners import exchanging
from lmcspec_runners.exchanging import ExchangingRunner
from lmcspec_runners.inline import InlineRunner


@pytest.fixture
def url():
    return f"memory://{uuid.uuid4().hex}/study"


@pytest.fixture
def node(tmp_path):
    return Store.open(tmp_path / "node")


class Otherwise(Elsewhere):
    """The first task that it gets comes to this end, with nothing of it done."""

    def __init__(self, store, *ending):
        super().__init__(store)
        self._ending = [*ending]

    def poll(self, timeout):
        if self._ending and self._runner._order is not None:
            self._runner._order = None
            ending, self._ending = self._ending, []
            return ending
        return self._runner.poll(timeout)


OUT_OF_MEMORY = Report("failed", 0.0, failure=Failure("out-of-memory", "no room"))


@pytest.mark.parametrize(
    "ending",
    [
        Lost(0, True, "the node went away", ""),
        Reported(0, Report("busy", 0.0, holder="another one")),
        Reported(0, OUT_OF_MEMORY),
    ],
)
def test_a_forced_task_is_made_again_though_its_first_worker_did_not(store, node, url, ending):
    """The URL and the node still have what was to be made again."""
    plan = Plan()
    task = plan.add(value=1, kind="WRITE")
    run(plan, store, ExchangingRunner(Elsewhere(node), url))
    before = store.find(task).record["attempt"]
    store.discard(task)
    elsewhere = Otherwise(node, ending, Ready(0, 1))
    summary, _ = run(plan, store, ExchangingRunner(elsewhere, url, forced=[task]))
    assert summary.done == (task,) and not summary.reused
    assert before != store.find(task).record["attempt"] == node.find(task).record["attempt"]


def test_a_forced_task_is_forced_once(store, node, url):
    """What was made again, and told, is what later runs of the same driver start from."""
    plan = Plan()
    task = plan.add(value=1, kind="WRITE")
    runner = ExchangingRunner(Elsewhere(node), url, forced=[task])
    run(plan, store, runner)
    summary, _ = run(plan, store, runner)
    assert summary.reused == (task,)


class Scripted:
    """Workers of which a test says what becomes of them; a task can only be handed to one that is ready."""

    def __init__(self, count):
        self.slots = (Slot(),) * count
        self.happens, self.free, self.handed = deque(), set(), []

    def submit(self, store, task, payload, slot):
        assert slot in self.free, "there is no worker"
        self.free.remove(slot)
        self.handed.append((task, slot))
        return 0

    def poll(self, timeout):
        happened = [*self.happens]
        self.happens.clear()
        for event in happened:
            (self.free.add if isinstance(event, Ready) else self.free.discard)(event.slot)
        return happened

    def __getattr__(self, name):
        return lambda *_: None


@pytest.fixture
def waiting(store, url, monkeypatch):
    """A runner of two ready workers with a task at the first, whose input is on its way until `go` is set."""
    plan = Plan()
    first = plan.add(value=1, kind="WRITE")
    run(plan, store, InlineRunner())
    last = plan.add(value=3, kind="WRITE", needs=[first])
    go, within = threading.Event(), Scripted(2)
    monkeypatch.setattr(exchanging, "send", lambda *_, **__: go.wait(20))
    runner = ExchangingRunner(within, url)
    runner.start()
    within.happens.extend([Ready(0, 1), Ready(1, 2)])
    assert runner.poll(0.0) == [Ready(0, 1), Ready(1, 2)]
    runner.submit(store, last, plan.payload(last), 0)
    yield runner, within, go, (last, plan.payload(last))
    go.set()
    runner.close()


def arrived(runner):
    """Wait until what is on its way has come there."""
    for future in runner._known.values():
        future.result(20)


def test_a_task_whose_worker_goes_while_its_inputs_are_sent_comes_back(store, waiting):
    runner, within, go, (task, payload) = waiting
    within.happens.append(Lost(0, False, "gone", ""))
    assert runner.poll(0.0) == [Lost(0, False, "gone", ""), Returned(0)]
    go.set()
    arrived(runner)
    assert runner.poll(0.0) == [] and within.handed == []
    runner.submit(store, task, payload, 1)
    assert within.handed == [(task, 1)]
    within.happens.append(Ready(0, 3))
    assert runner.poll(0.0) == [Ready(0, 3)]


def test_a_task_that_came_back_runs_elsewhere_with_all_its_tries(store, node, url, monkeypatch):
    plan = Plan()
    first = plan.add(value=1, kind="WRITE")
    run(plan, store, InlineRunner())
    last = plan.add(value=3, kind="WRITE", needs=[first])
    del plan.tasks[first]
    elsewhere, sending = Elsewhere(node), threading.Event()
    send, poll, gone = exchanging.send, elsewhere._runner.poll, []

    def late(*arguments, **named):
        sending.wait(20)
        send(*arguments, **named)

    def losing(timeout):
        if len(gone) < 5 and runner.carries(0):
            gone.append(Lost(0, False, "the node went away", ""))
            sending.set()
            return [gone[-1], Ready(0, 1)]
        return poll(timeout)

    monkeypatch.setattr(exchanging, "send", late)
    elsewhere.poll = losing
    runner = ExchangingRunner(elsewhere, url)
    summary, heard = run(plan, store, runner)
    assert gone and summary.done == (last,)
    assert not of(events.Retried, heard), "it had not begun, so that none of its tries is used up"


@pytest.mark.parametrize("slow", ["send", "bring"])
def test_what_is_on_its_way_is_not_silence(store, node, url, monkeypatch, slow):
    """With no patience at all: the task is never seen at its worker, which does it within one look."""
    plan = Plan()
    first = plan.add(value=1, kind="WRITE")
    run(plan, store, InlineRunner())
    last = plan.add(value=3, kind="WRITE", needs=[first])
    del plan.tasks[first]
    copy, ended = getattr(exchanging, slow), []

    def slowly(*arguments, **named):
        threading.Event().wait(0.15)
        return copy(*arguments, **named)

    monkeypatch.setattr(exchanging, slow, slowly)
    elsewhere = Elsewhere(node)
    elsewhere.end = ended.append
    runner = ExchangingRunner(elsewhere, url)
    assert isinstance(runner, Carrying) and not isinstance(InlineRunner(), Carrying)
    summary, _ = run(plan, store, runner, limits=Limits(patience=Patience(0.0, 0.0)))
    assert summary.done == (last,) and ended == []
