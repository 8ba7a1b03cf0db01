"""A stand-in for Ray: actors are objects of this process, their calls threads, references futures."""

import json
import threading
import time
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from types import SimpleNamespace

from lmcspec import engine
from lmcspec.catalog.runners.ray import Ray
from lmcspec.engine import Retries, messages
from lmcspec.engine.report import Report
from lmcspec.engine.runner import Ready, Reported
from lmcspec.store import Store, layout, open_attempt
from lmcspec_runners.ray import RayRunner
from lmcspec_runners.ray_cluster import Cluster
from lmcspec_runners.ray_facts import node_facts

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
            except Died as death:
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


class Died(Exception):
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


def runner(ray, **settings):
    return RayRunner(Ray(**settings), Cluster(ray, "auto", ours=True))


def run(plan, store, placing, retries=QUICK):
    heard = []
    return engine.run(plan.job(), store, placing, listeners=[heard.append], retries=retries), heard


def of(kind, heard):
    return [event for event in heard if isinstance(event, kind)]
