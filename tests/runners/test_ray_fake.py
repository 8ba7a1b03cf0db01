"""The runner `ray` against a stand-in for Ray: what is refused, lost, believed, and asked of a cluster."""

import json
import logging
import sys
import threading
import time
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from types import SimpleNamespace

import pytest
from jobs_for_tests import Plan

from lmcspec import engine
from lmcspec.base.errors import BlockedError, UsageError
from lmcspec.catalog.runners.ray import Ray
from lmcspec.engine import Retries, events, messages
from lmcspec.engine.runner import Lost, Ready, Reported, make_runner
from lmcspec.engine.work import Report
from lmcspec.store import Store, layout, open_attempt
from lmcspec_runners import ray as ray_runner
from lmcspec_runners import ray_cluster
from lmcspec_runners.ray import RayRunner
from lmcspec_runners.ray_cluster import Cluster, Node, connected, differences, read_facts
from lmcspec_runners.ray_slot import node_facts

QUICK = Retries(first=0.001)


class Gone(Exception):
    """As Ray's ActorDiedError."""


class FakeRay:
    """Actors are objects here, their calls threads, references futures."""

    util = SimpleNamespace(scheduling_strategies=SimpleNamespace(NodeAffinitySchedulingStrategy=SimpleNamespace))

    def __init__(self, *nodes, facts=None):
        self.cluster = [
            {"NodeID": f"{number:056x}", "Alive": True, "NodeManagerHostname": f"node{number}", "Resources": resources}
            for number, resources in enumerate(nodes or ({"CPU": 2.0}, {"CPU": 1.0}))
        ]
        self.facts = facts or {}
        self.asked = []
        self.actors = []
        self.down = False

    def nodes(self):
        return self.cluster

    def is_initialized(self):
        return True

    def shutdown(self):
        self.down = True

    def remote(self, **options):
        def make(kind):
            if not isinstance(kind, type):
                return self._Function(self, options["scheduling_strategy"].node_id)
            self.asked.append(options)
            return self._Kind(self, kind)

        return make

    class _Function:
        def __init__(self, ray, node):
            self._ray, self._node = ray, node

        def remote(self):
            future = Future()
            answer = self._ray.facts.get(int(self._node, 16), {})
            if isinstance(answer, Exception):
                future.set_exception(answer)
            elif isinstance(answer, bytes):
                future.set_result(answer)
            else:
                future.set_result(layout.text({**node_facts(), "host": f"node{int(self._node, 16)}", **answer}))
            return future

    class _Kind:
        def __init__(self, ray, kind):
            self._ray, self._kind = ray, kind

        def remote(self, *arguments):
            actor = _Actor(self._kind(*arguments))
            self._ray.actors.append(actor)
            return actor

    def wait(self, references, num_returns=1, timeout=None):
        assert len(set(references)) == len(references)
        deadline = time.monotonic() + (timeout or 0)
        while True:
            done = [one for one in references if one.done()][:num_returns]
            if len(done) == num_returns or time.monotonic() >= deadline:
                return done, [one for one in references if one not in done]
            wait_for([one for one in references if not one.done()], 0.01)

    def get(self, reference, timeout=None):
        return reference.result(timeout)

    def kill(self, actor):
        actor.die("killed by the driver")


class _Actor:
    def __init__(self, slot):
        self.slot, self.dead = slot, False
        self._out = []
        for name in ("begin", "work", "listen", "watch", "stop"):
            setattr(self, name, _Method(self, getattr(slot, name)))

    def call(self, method, arguments):
        future = Future()
        if self.dead:
            future.set_exception(Gone("The actor died\n\tpid: 3\nThe actor is dead."))
            return future
        self._out.append(future)

        def run():
            try:
                answer = method(*arguments)
            except _Died as death:
                self.die(str(death))
            except Exception as error:  # noqa: BLE001 (as Ray does)
                _settle(future, error)
            else:
                _settle(future, answer)

        threading.Thread(target=run, daemon=True).start()
        return future

    def die(self, why):
        self.dead = True
        for future in self._out:
            _settle(future, Gone(f"The actor died unexpectedly before finishing this task.\n\tpid: 3\n{why}"))


def _settle(future, outcome):
    try:
        future.set_exception(outcome) if isinstance(outcome, Exception) else future.set_result(outcome)
    except Exception:  # noqa: BLE001 (it was settled before)
        assert future.done()


class _Method:
    def __init__(self, actor, method):
        self._actor, self._method = actor, method

    def remote(self, *arguments):
        return self._actor.call(self._method, arguments)


class _Died(Exception):
    pass


class Slot:
    """Does what a RaySlot does, in a script: what becomes of each task, by its label's act."""

    made = 0
    facts: dict = {}

    def __init__(self, device, node=""):
        Slot.made += 1
        self.device = device

    def begin(self):
        return layout.text({**node_facts(), "host": "node0", **self.facts})

    def watch(self):
        threading.Event().wait(30)

    def stop(self):
        pass

    def listen(self, seconds):
        return messages.encode([Ready(0, 5)])

    def work(self, order, seconds):
        order = json.loads(order)
        store = Store.open(order["store"])
        attempt = open_attempt(store, order["task"])
        attempt.commit(order["payload"]["task"], {"scalars": {"total": 1}}, {})
        return messages.encode([Reported(0, Report("done", 0.1, scalars={"total": 1})), Ready(0, 5)])


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


@pytest.fixture
def slots(monkeypatch):
    """The class of slots that actors hold; tests change it."""

    class Own(Slot):
        pass

    monkeypatch.setattr(ray_runner, "_actor_class", lambda ray: Own)
    return Own


def runner(ray, **settings):
    return RayRunner(Ray(**settings), Cluster(ray, "auto", ours=True))


def run(plan, store, placing, retries=QUICK):
    heard = []
    return engine.run(plan.job(), store, placing, listeners=[heard.append], retries=retries), heard


def of(kind, heard):
    return [event for event in heard if isinstance(event, kind)]


def test_slots_are_as_many_as_the_cluster_holds_and_tasks_run(store, slots):
    ray = FakeRay()
    placing = runner(ray)
    assert [slot.device.kind for slot in placing.slots] == ["cpu"] * 3
    assert len({slot.device for slot in placing.slots}) == 3, "none shares memory with another, as far as is known"
    plan = Plan()
    tasks = [plan.add(value=value) for value in range(7)]
    summary, _ = run(plan, store, placing)
    assert set(summary.done) == set(tasks) and ray.down
    assert all(actor.dead for actor in ray.actors) and len(ray.actors) == 3
    for options in ray.asked:
        assert (options["num_cpus"], options["num_gpus"], options["max_restarts"], options["max_task_retries"]) == (
            1,
            0,
            0,
            0,
        )


def test_a_runner_that_was_closed_connects_again(store, slots, monkeypatch):
    """As a run does that has found damage, and mends it."""
    ray = FakeRay({"CPU": 1.0})
    placing = runner(ray, address="head:1")
    plan = Plan()
    first = plan.add(value=1)
    assert run(plan, store, placing)[0].done == (first,) and ray.down
    again = FakeRay({"CPU": 1.0})
    monkeypatch.setattr(ray_runner, "connected", lambda address, workers: Cluster(again, address, ours=True))
    second = plan.add(value=2)
    del plan.tasks[first]
    assert run(plan, store, placing)[0].done == (second,)
    assert len(again.actors) == 1 and again.down and len(ray.actors) == 1


def test_one_slot_a_gpu_where_there_are_any(slots):
    ray = FakeRay({"CPU": 8.0, "GPU": 2.0}, {"CPU": 4.0}, {"CPU": 1.0, "GPU": 4.0})
    placing = runner(ray)
    assert len(placing.slots) == 3, "each takes a CPU too"
    placing.start()
    assert {options["num_gpus"] for options in ray.asked} == {1}
    placing.close()


@pytest.mark.parametrize(
    ("nodes", "workers", "says"),
    [
        (({"CPU": 0.0}, {"CPU": 0.5}), None, "a slot takes 1 CPU, and no node of the cluster has that"),
        (({"CPU": 2.0},), 5, "5 slots of 1 CPU each are more than the cluster can hold, which is 2"),
        (({"CPU": 4.0, "GPU": 1.0},), 2, "2 slots of 1 GPU and 1 CPU each are more"),
        (({},), None, "no node of the cluster has that"),
    ],
)
def test_what_no_cluster_can_hold_is_refused_before_the_start(slots, nodes, workers, says):
    ray = FakeRay(*nodes)
    with pytest.raises(BlockedError, match=says) as caught:
        runner(ray, workers=workers)
    assert "node0" in str(caught.value) and caught.value.exit_code == 5
    assert not ray.actors and ray.down


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({1: {"torch": "1.0"}}, "torch is 1.0 on node1"),
        ({0: {"python": "3.9.1"}}, "Python is 3.9.1 on node0"),
        ({1: {"lmcspec": "f" * 64}}, "source of lmcspec is ffffffffff on node1"),
        ({1: {"cpu": "another (avx2)"}}, "processor is "),
        ({0: {"numpy": "none"}, 1: {"numpy": "none"}}, r"numpy is none on node0 \(0+\), node1"),
    ],
)
def test_nodes_that_differ_are_refused_by_name(slots, facts, says):
    ray = FakeRay(facts=facts)
    with pytest.raises(BlockedError, match=says) as caught:
        runner(ray)
    assert "--allow-skew" in caught.value.help and not ray.actors
    assert len(runner(FakeRay(facts=facts), allow_skew=True).slots) == 3


def test_processors_matter_between_nodes_and_not_to_gpus(slots):
    here = node_facts()
    nodes = [Node(str(number), f"n{number}", 1, 0) for number in range(3)]
    facts = {node: {**here, "cpu": "A" if node.name != "n2" else "B"} for node in nodes}
    assert list(differences(facts, {**here, "cpu": "C"}, processors=True)) == ["processor is B on n2 and A elsewhere"]
    assert list(differences(facts, here, processors=False)) == []
    ray = FakeRay({"CPU": 1.0, "GPU": 1.0}, {"CPU": 1.0, "GPU": 1.0}, facts={1: {"cpu": "another"}})
    assert len(runner(ray).slots) == 2


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (ModuleNotFoundError("No module named 'lmcspec_runners'"), "No module named 'lmcspec_runners'"),
        (b"{", "not JSON"),
        (b'{"host": "x"}', "another form"),
        (b"x" * 70_000, "no short text"),
    ],
)
def test_a_node_that_cannot_run_lmcspec_is_named(slots, answer, says):
    with pytest.raises(BlockedError, match=says) as caught:
        runner(FakeRay(facts={1: answer}))
    assert "1 of 2 nodes can't run lmcspec: node1" in str(caught.value)


def test_facts_are_shown_without_what_a_terminal_obeys():
    assert read_facts(layout.text({**node_facts(), "host": "\x1b[31mred"}))["host"] == "\\x1b[31mred"


def test_an_actor_that_dies_is_one_lost_worker_and_its_task_is_tried_again(store, slots):
    deaths = []

    def work(self, order, seconds):
        if not deaths:
            deaths.append(json.loads(order)["task"])
            raise _Died("The node has died: terminated expectedly")
        return Slot.work(self, order, seconds)

    slots.work = work
    plan = Plan()
    tasks = [plan.add(value=value) for value in range(4)]
    summary, heard = run(plan, store, runner(FakeRay({"CPU": 1.0})))
    assert set(summary.done) == set(tasks)
    (retried,) = of(events.Retried, heard)
    assert retried.task.id == deaths[0] and retried.reason == "lost" and "node0: its node is gone" in retried.message


def test_an_idle_slot_of_a_node_that_is_gone_is_closed_before_it_gets_a_task(store, slots):
    """Else one task could be handed to one dead slot after the other until its tries are used up."""
    ray = FakeRay({"CPU": 3.0})
    placing = runner(ray)
    placing.start()
    ready = []
    while len(ready) < 3:
        ready += placing.poll(0.05)
    for actor in list(ray.actors):
        actor.die("The node has died")
    lost = []
    while len(lost) < 3:
        lost += [event for event in placing.poll(0.05) if isinstance(event, Lost)]
    assert not any(event.task for event in lost) and {event.slot for event in lost} == {0, 1, 2}
    while len(ready) < 6:
        ready += [event for event in placing.poll(0.05) if isinstance(event, Ready)]
    placing.close()


@pytest.mark.parametrize("named", ["/etc", "../../../../etc", "/etc/{task}/{name}", "{task}/{name}", ""])
def test_a_worker_can_name_no_folder_but_an_attempt_of_the_store(store, slots, tmp_path, named):
    plan = Plan()
    task = plan.add()
    there = named.format(task=task, name="ab" * 16)
    placing = runner(FakeRay({"CPU": 1.0}))
    slots.work = lambda self, order, seconds: messages.encode(
        [Lost(0, True, "gone", there, ("last",)), Ready(0, 0)], there
    )
    placing.start()
    while not placing.poll(0.05):
        pass
    placing.submit(store, task, plan.payload(task), 0)
    while not (happened := placing.poll(0.05)):
        pass
    known = str(layout.attempt_folder(store.root, task, "ab" * 16)) if "{task}" in named else ""
    assert happened[0] == Lost(0, True, "gone", known, ("last",))
    placing.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense", 17, b'{"events": [{"event": "passed", "byproduct": "' + b"ab" * 32 + b'"}]}', b"x" * (2**24 + 1),
        messages.encode([Ready(0, 1), Reported(0, Report("done", 1.0)), Reported(0, Report("done", 1.0))]),
    ],
)  # fmt: skip
def test_a_worker_that_talks_nonsense_is_replaced(store, slots, answer):
    said = []

    def work(self, order, seconds):
        if not said:
            said.append(1)
            return answer
        return Slot.work(self, order, seconds)

    slots.work = work
    plan = Plan()
    task = plan.add(value=1)
    ray = FakeRay({"CPU": 1.0})
    summary, heard = run(plan, store, runner(ray))
    assert task in summary.done and len(ray.actors) == 2 and of(events.WorkerReplaced, heard)


def test_actors_that_never_come_up_are_an_error(store, slots):
    def begin(self):
        raise _Died("no worker today")

    slots.begin = begin
    plan = Plan()
    plan.add()
    ray = FakeRay({"CPU": 1.0})
    with pytest.raises(BlockedError, match="no worker today"):
        run(plan, store, runner(ray))
    assert len(ray.actors) == ray_runner.TRIES + 1 and ray.down


def test_trouble_on_a_node_ends_the_run_with_its_words(store, slots):
    slots.work = lambda self, order, seconds: messages.encode_trouble("node0: another store there", "share the disk")
    plan = Plan()
    plan.add()
    with pytest.raises(BlockedError, match="node0: another store there") as caught:
        run(plan, store, runner(FakeRay({"CPU": 1.0})))
    assert caught.value.help == "share the disk"


def test_a_node_that_joins_later_and_differs_stays_closed(store, slots, caplog):
    placing = runner(FakeRay({"CPU": 1.0}))
    slots.facts = {"torch": "0.1", "host": "late"}
    placing.start()
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            assert placing.poll(0.02) == []
    assert "late joined the cluster and is not alike: torch is 0.1 on late" in caplog.text
    placing.close()


def test_a_wish_to_stop_reaches_the_worker_once(store, slots):
    stopped, go = [], threading.Event()

    def work(self, order, seconds):
        go.wait(20)
        return messages.encode([Reported(0, Report("interrupted", 0.1)), Ready(0, 0)])

    def stop(self):
        stopped.append(1)
        go.set()

    slots.work, slots.stop = work, stop
    placing = runner(FakeRay({"CPU": 1.0}))
    plan = Plan()
    task = plan.add()
    placing.start()
    while not placing.poll(0.05):
        pass
    assert placing.submit(store, task, plan.payload(task), 0) == 0
    placing.stop()
    while not (happened := placing.poll(0.05)):
        pass
    assert happened[0].report.status == "interrupted" and stopped == [1]
    placing.close()


def test_a_second_wish_ends_the_worker(store, slots):
    slots.work = lambda self, order, seconds: threading.Event().wait(20)
    placing = runner(FakeRay({"CPU": 1.0}))
    plan = Plan()
    task = plan.add()
    placing.start()
    while not placing.poll(0.05):
        pass
    placing.submit(store, task, plan.payload(task), 0)
    placing.kill()
    while not (happened := placing.poll(0.05)):
        pass
    assert isinstance(happened[0], Lost) and happened[0].task
    placing.close()
    placing.close()


def test_a_long_wait_for_any_worker_is_told(slots, monkeypatch, caplog):
    slots.begin = lambda self: threading.Event().wait(20)
    monkeypatch.setattr(ray_runner, "ALONE", 0.05)
    placing = runner(FakeRay({"CPU": 1.0}))
    placing.start()
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            placing.poll(0.03)
    assert "no worker for" in caplog.text
    placing.close()


# Without any cluster


def test_without_the_extra_the_error_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BlockedError, match="not installed") as caught:
        connected("", None)
    assert caught.value.help == "uv run --extra ray lmcspec run SPEC --runner ray" and caught.value.exit_code == 5


def test_the_cluster_of_its_own_listens_on_loopback_and_reports_to_nobody(monkeypatch):
    import os

    said = {}

    class Module:
        __name__ = "ray"

        @staticmethod
        def is_initialized():
            return False

        @staticmethod
        def init(**options):
            told = os.environ.get("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER")
            said.update(options, usage=os.environ["RAY_USAGE_STATS_ENABLED"], cluster=told)

    monkeypatch.setitem(sys.modules, "ray", Module)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    cluster = connected("", 3)
    assert cluster.ours and cluster.address == "local"
    assert said["address"] == "local" and said["num_cpus"] == 3 and said["_node_ip_address"] == "127.0.0.1"
    assert said["include_dashboard"] is False and said["usage"] == "0"
    assert said["cluster"] == "0", "what makes Ray listen on loopback and nowhere else"
    assert "RAY_USAGE_STATS_ENABLED" not in os.environ
    said.clear()
    connected("head:6379", 3)
    assert said["address"] == "head:6379" and "num_cpus" not in said and said["cluster"] is None
    monkeypatch.setattr(
        Module, "init", staticmethod(lambda **_: (_ for _ in ()).throw(ConnectionError("nobody\nthere")))
    )
    with pytest.raises(BlockedError, match=r"no Ray cluster at head:6379 answers: nobody\\nthere"):
        connected("head:6379", None)


def test_other_runners_take_no_address():
    with pytest.raises(UsageError, match="the runner local takes no --address"):
        make_runner("local", 1, address="auto")


def test_a_function_that_tells_facts_needs_no_torch():
    assert set(node_facts()) == set(ray_cluster.Facts.__annotations__)
