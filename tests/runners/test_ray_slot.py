"""What a Ray actor holds, without Ray: a real worker process, spoken with in bytes."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from jobs_for_tests import Plan

from lmcspec.engine import messages
from lmcspec.engine.runner import Lost, Progressed, Ready, Reported
from lmcspec.store import Store, failed_attempts
from lmcspec_runners.ray_facts import read_facts
from lmcspec_runners.ray_slot import RaySlot


@pytest.fixture(scope="module")
def slot():
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = "0,1"
    slot = RaySlot("cpu", "feed")
    assert read_facts(slot.begin())["host"] == socket.gethostname()
    until(slot, Ready, slot.listen(0.1))
    yield slot
    slot.close()
    if before is None:
        del os.environ["CUDA_VISIBLE_DEVICES"]
    else:
        os.environ["CUDA_VISIBLE_DEVICES"] = before


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


def order(plan, task, store, /, **changes):
    where = {"store": str(store.root), "id": store.id, "own": False, "trusted": False, **changes}
    return json.dumps({**where, "task": task, "payload": plan.payload(task)}).encode()


def until(slot, kind, said):
    """What is said until an event of this kind has come."""
    heard = messages.decode(said, 0)
    happened = list(heard.events)
    while not any(isinstance(event, kind) for event in happened):
        assert heard.trouble is None
        heard = messages.decode(slot.listen(0.5), 0)
        happened += heard.events
    return happened


def test_a_task_from_its_order_to_its_report(slot, store):
    plan = Plan()
    task = plan.add("look")
    happened = until(slot, Ready, slot.work(order(plan, task, store), 0.5))
    (reported,) = (event for event in happened if isinstance(event, Reported))
    assert reported.report.status == "done"
    seen = store.find(task).scalars
    assert (seen["cuda"], seen["threads"], seen["deterministic"]) == ("", 1, True), "Ray leaves GPUs to be seen"


def test_a_crash_is_one_lost_worker_with_its_last_lines(slot, store, tmp_path):
    plan = Plan()
    task = plan.add("segfault", path=tmp_path / "marks")
    happened = until(slot, Ready, slot.work(order(plan, task, store), 0.5))
    (lost,) = (event for event in happened if isinstance(event, Lost))
    assert lost.task and "SIGSEGV" in lost.why
    log = Path(lost.attempt, "log.txt").read_text()
    assert log.startswith("printed\n") and lost.last_lines == tuple(log.splitlines()[-15:])
    assert not failed_attempts(store, task), "that is the driver's to note, in its own store"


def test_in_a_store_of_its_own_what_was_begun_is_noted(slot, tmp_path, store):
    plan = Plan()
    task = plan.add("exit", path=tmp_path / "marks")
    template = f"{tmp_path}/{{host}}/{{node}}/{{store}}"
    until(slot, Ready, slot.work(order(plan, task, store, store=template, own=True), 0.5))
    there = Store.open(tmp_path / socket.gethostname() / "feed" / store.id, create=False)
    (failure,) = failed_attempts(there, task)
    assert failure.document["reason"] == "lost" and "last words" in failure.document["last_lines"][-1]


def test_in_a_store_of_its_own_what_a_dead_process_left_is_swept(tmp_path, store):
    there = tmp_path / "own"
    code = (
        f"import os; from lmcspec.store import *; open_attempt(Store.open({str(there)!r}), {'ab' * 32!r}); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert list(there.glob("attempts/*/*"))
    opened = RaySlot("cpu")._opened({"store": str(there), "id": store.id, "own": True, "trusted": False})
    assert not list(opened.root.glob("attempts/*/*"))


def test_another_store_at_the_same_path_is_told(slot, store, tmp_path):
    plan = Plan()
    task = plan.add()
    heard = messages.decode(slot.work(order(plan, task, store, id="f" * 32), 0.1), 0)
    assert "is another store there" in heard.trouble["message"] and "--objects" in heard.trouble["help"]
    heard = messages.decode(slot.work(order(plan, task, store, store=str(tmp_path / "nowhere")), 0.1), 0)
    assert "there is no store" in heard.trouble["message"]


def test_a_stop_is_heard_while_it_waits_for_news(slot, store):
    """The last one: a worker that was told to stop starts nothing more."""
    plan = Plan()
    task = plan.add("sleep")
    happened = until(slot, Progressed, slot.work(order(plan, task, store), 0.2))
    assert sum(isinstance(event, Progressed) for event in happened) == 1
    slot.stop()
    (reported,) = (event for event in until(slot, Reported, slot.listen(5.0)) if isinstance(event, Reported))
    assert reported.report.status == "interrupted"
