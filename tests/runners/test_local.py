# pyright: reportMissingImports=false, reportOptionalMemberAccess=false, reportAttributeAccessIssue=false
import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest
from jobs_for_tests import Plan

from lmcspec import engine
from lmcspec.base.errors import BlockedError
from lmcspec.catalog.runners.local import Local
from lmcspec.engine import Retries, events
from lmcspec.engine.devices import gpu
from lmcspec.engine.limits import Limits
from lmcspec.engine.runner import Lost, Ready, Replaced, Slot
from lmcspec.engine.silence import Patience
from lmcspec.store import Index, Store, failed_attempts, holder, sweep, take
from lmcspec_runners import local, processes
from lmcspec_runners.local import LocalRunner

QUICK = Retries(first=0.001)


class Kept:
    """A runner that outlives runs, so that not every test imports torch anew."""

    def __init__(self, runner):
        self._runner = runner
        self.slots = runner.slots
        self._ready = {}
        self._again = []

    def start(self):
        if self._ready:
            self._again = [Ready(slot, pid) for slot, pid in self._ready.items()]
        self._runner.start()

    def poll(self, timeout):
        again, self._again = self._again, []
        happened = again or self._runner.poll(timeout)
        for happening in happened:
            if isinstance(happening, Ready):
                self._ready[happening.slot] = happening.pid
            elif isinstance(happening, Lost | Replaced):
                self._ready.pop(happening.slot, None)
        return happened

    def submit(self, *args):
        return self._runner.submit(*args)

    def end(self, slot):
        self._runner.end(slot)

    def stop(self):
        raise AssertionError("tests that stop bring their own runner")

    kill = stop

    def close(self):
        pass


@pytest.fixture(scope="module")
def shared():
    runner = LocalRunner(Local(workers=2))
    yield Kept(runner)
    runner.close()


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


def run(plan, store, runner, retries=QUICK, **options):
    heard = []
    summary = engine.run(plan.job(), store, runner, listeners=[heard.append], retries=retries, **options)
    return summary, heard


def of(kind, heard):
    return [event for event in heard if isinstance(event, kind)]


def test_a_graph_runs_and_is_indexed(shared, store):
    plan = Plan()
    first = [plan.add(value=value, kind="WRITE") for value in (1, 2)]
    second = plan.add(value=3, kind="WRITE", needs=first)
    summary, heard = run(plan, store, shared)
    assert set(summary.done) == {*first, second} and not summary.failed
    assert store.find(second).scalars == {"total": 6}
    with Index(store) as index:
        assert index.ids() == set(plan.tasks)
    assert isinstance(heard[0], events.RunStarted) and isinstance(heard[-1], events.RunEnded)
    again, heard = run(plan, store, shared)
    assert len(again.reused) == 3 and not again.done


def test_two_slots_work_at_once(shared, store, tmp_path):
    """Tasks that end only when both have begun; one slot alone would wait for ever."""
    (place := tmp_path / "meeting").mkdir()
    plan = Plan()
    for value in (1, 2):
        plan.add("sleep-meet", value, path=place)
    summary, heard = run(plan, store, shared)
    assert len(summary.done) == 2
    assert {event.slot for event in of(events.Started, heard)} == {0, 1}


def test_each_task_finds_the_process_as_the_first_did(shared, store):
    plan = Plan()
    looks = []
    for _ in range(4):
        looks.append(plan.add("look", len(looks)))
        plan.add("spoil", 100 + len(looks))
    run(plan, store, shared)
    seen = [store.find(look).scalars for look in looks]
    assert seen[1:] == seen[:1] * 3
    assert (seen[0]["threads"], seen[0]["interop"], seen[0]["dtype"]) == (1, 1, "torch.float32")
    assert seen[0]["grad"] and seen[0]["deterministic"] and not seen[0]["spoilt"]
    assert seen[0]["folder"] == os.getcwd() and seen[0]["group"] == os.getpgrp()
    assert seen[0]["int"] == str(signal.SIG_IGN)
    assert seen[0]["cuda"] == "" and not seen[0]["cuda_initialised"]
    assert "pytest" not in seen[0]["main"], "workers don't run the caller's script again"


@pytest.mark.parametrize(("act", "why"), [("exit", "exit code 3"), ("segfault", "SIGSEGV")])
def test_a_crash_is_retried_then_reported_with_its_log(shared, store, tmp_path, act, why):
    plan = Plan()
    marks = tmp_path / "marks"
    task = plan.add(act, path=marks, label="crashes")
    after = plan.add(value=1, kind="WRITE", needs=(task,))
    other = plan.add(value=2)
    summary, heard = run(plan, store, shared)
    assert (summary.failed, summary.skipped, summary.done) == ((task,), (after,), (other,))
    pids = marks.read_text().split()
    assert len(pids) == 4 == len(set(pids)), "the first try and three more, each in a new process"
    assert [event.reason for event in of(events.Retried, heard)] == ["lost"] * 3
    (failed,) = of(events.Failed, heard)
    assert failed.reason == "lost" and why in failed.message
    log = Path(failed.log).read_text()
    assert "printed\n" in log and "logged\n" in log
    assert ("last words" if act == "exit" else "Segmentation fault") in log
    assert tuple(log.splitlines()[-15:]) == failed.last_lines
    (skipped,) = of(events.Skipped, heard)
    assert skipped.why == "needs crashes, which failed"
    assert {failure.document["reason"] for failure in failed_attempts(store, task)} == {"lost"}
    assert len(failed_attempts(store, task)) == 4
    assert {name for failure in failed_attempts(store, task) for name in os.listdir(failure.path)} == {
        "failure.json",
        "log.txt",
    }


@pytest.mark.parametrize("act", ["stubborn", "regex"])
def test_a_task_that_says_nothing_is_ended_and_tried_once_more(shared, store, tmp_path, act):
    """One that sleeps, and one that holds the interpreter's lock, so that no thread of its worker runs."""
    plan = Plan()
    task = plan.add(act, path=tmp_path / "marks", label="hangs")
    after = plan.add(value=1, kind="WRITE", needs=(task,))
    other = plan.add(value=2)
    patience = Patience(least=2.0, times=0)
    summary, heard = run(plan, store, shared, limits=Limits(patience=patience))
    assert (summary.failed, summary.skipped, summary.done) == ((task,), (after,), (other,))
    assert [event.reason for event in of(events.Retried, heard)] == ["hung"]
    assert [(event.task.label, event.limit) for event in of(events.Silent, heard)] == [("hangs", 2.0)] * 2
    (failed,) = of(events.Failed, heard)
    assert failed.reason == "hung" and "it has said nothing" in failed.message and "--patience" in failed.message
    assert "logged" in Path(failed.log).read_text()
    pids = [int(pid) for pid in (tmp_path / "marks").read_text().split()]
    assert len(set(pids)) == 2 and not any(psutil.pid_exists(pid) for pid in pids)
    assert holder(store, task) is None or not psutil.pid_exists(holder(store, task).process.pid)
    assert {failure.document["reason"] for failure in failed_attempts(store, task)} == {"hung"}


def test_a_crash_in_between_is_not_the_end(shared, store, tmp_path):
    plan = Plan()
    task = plan.add("once-segfault", 5, path=tmp_path / "mark")
    summary, heard = run(plan, store, shared)
    assert summary.done == (task,)
    assert len(of(events.Retried, heard)) == 1


@pytest.mark.parametrize(("act", "tries"), [("memory", 2), ("bug", 1), ("data", 1)])
def test_retries_by_class(shared, store, tmp_path, act, tries):
    plan = Plan()
    task = plan.add(act, path=tmp_path / "marks")
    summary, heard = run(plan, store, shared)
    assert summary.failed == (task,)
    pids = (tmp_path / "marks").read_text().split()
    assert len(pids) == tries == len(set(pids)), "out of memory: in a fresh process"
    assert all(event.alone for event in of(events.Retried, heard))


def test_a_worker_whose_gpu_failed_takes_no_other_task(shared, store):
    plan = Plan()
    task = plan.add("gpu-error", seconds=9.0)
    others = [plan.add("look", number) for number in range(4)]
    summary, heard = run(plan, store, shared)
    assert (summary.failed, set(summary.done)) == ((task,), set(others))
    (replaced,) = of(events.WorkerReplaced, heard)
    assert "GPU" in replaced.why
    (failed,) = of(events.Failed, heard)
    assert failed.reason == "internal" and "illegal memory access" in failed.message
    assert not of(events.Retried, heard)
    assert not any(store.find(other).scalars["cuda_initialised"] for other in others)


def test_a_worker_has_ended_before_another_takes_its_slot(shared, store, tmp_path):
    """What it held of a GPU's memory is free only then."""
    plan = Plan()
    plan.add("memory", path=tmp_path / "marks")
    left = []

    def look(event):
        if isinstance(event, events.WorkerReplaced):
            left.append(psutil.pid_exists(int((tmp_path / "marks").read_text().split()[-1])))

    engine.run(plan.job(), store, shared, listeners=[look], retries=QUICK)
    assert left == [False, False]


def test_a_shouting_task_has_a_bounded_log(shared, store):
    plan = Plan()
    task = plan.add("shout")
    run(plan, store, shared)
    assert store.find(task).log.stat().st_size < (1 << 20) + 200
    assert "left out" in store.find(task).log.read_text()[-200:]


def test_another_drivers_task_is_waited_for_and_reused(shared, store):
    plan = Plan()
    task = plan.add(value=4)
    after = plan.add(value=5, kind="WRITE", needs=(task,))
    other = LocalOther(store, task, plan)
    retries = Retries(held_elsewhere=(0.02, 0.02))
    heard = []
    summary = engine.run(plan.job(), store, shared, listeners=[heard.append, other.hear], retries=retries)
    other.join()
    assert summary.reused == (task,) and summary.done == (after,)
    assert len(of(events.Waiting, heard)) == 1


class LocalOther(threading.Thread):
    """Holds a task as another driver's worker would, and commits it once it is waited for."""

    def __init__(self, store, task, plan):
        super().__init__()
        self.lease = take(store, task)
        assert self.lease
        self._store, self._task, self._plan = store, task, plan
        self._waited_for = threading.Event()
        self.start()

    def hear(self, event):
        if isinstance(event, events.Waiting):
            self._waited_for.set()

    def run(self):
        from lmcspec.store import open_attempt

        assert self._waited_for.wait(30)
        attempt = open_attempt(self._store, self._task, self.lease)
        attempt.commit(self._plan.documents[self._task], {"scalars": {"total": 4}}, {})
        self.lease.release()


def test_a_byproduct_is_used_while_its_task_runs(shared, store, tmp_path):
    plan = Plan()
    state = plan.passed(7)
    long = plan.add("sleep-until", path=tmp_path / "go", kind="PASS", passes=(state,))
    user = plan.add("touch", path=tmp_path / "go", extra=(state,))
    summary, heard = run(plan, store, shared)
    assert set(summary.done) == {user, long}
    order = [(type(event), event.task.id) for event in of(events.Started | events.Finished, heard)]
    assert order.index((events.Started, user)) < order.index((events.Finished, long))
    with Index(store) as index:
        assert index.ids() == {state, user, long}


def test_a_worker_that_grows_is_replaced(store):
    runner = LocalRunner(Local(workers=1))
    plan = Plan()
    tasks = [plan.add(act, number) for number, act in enumerate(("look", "grow", "look"))]
    summary, heard = run(plan, store, runner)
    assert summary.done == tuple(tasks)
    (replaced,) = of(events.WorkerReplaced, heard)
    assert "MiB between tasks" in replaced.why
    assert len({store.find(task).record["pid"] for task in tasks}) == 2


def test_workers_start_one_by_one_where_the_server_fails(store, monkeypatch, capfd):
    monkeypatch.setattr(processes, "_SERVER", "import sys; sys.exit('no server today')")
    runner = LocalRunner(Local(workers=1))
    plan = Plan()
    task = plan.add("look")
    summary, _ = run(plan, store, runner)
    assert summary.done == (task,)
    assert "no server today" in capfd.readouterr().err
    assert store.find(task).scalars["cuda"] == ""
    assert "pytest" not in store.find(task).scalars["main"]


def test_workers_that_never_come_up_are_an_error(store, monkeypatch, capfd):
    monkeypatch.setattr(processes, "_WORKER", "import sys; sys.exit('no worker either')")
    plan = Plan()
    plan.add()
    with pytest.raises(BlockedError, match="before they were ready"):
        run(plan, store, LocalRunner(Local(workers=1), fork=False))
    assert capfd.readouterr().err.count("no worker either") == local.TRIES


def test_a_gpu_that_torch_cannot_use_is_an_error(store, monkeypatch):
    monkeypatch.setattr(local, "slots", lambda *chosen: (Slot(gpu("GPU-nowhere")),))
    plan = Plan()
    plan.add()
    with pytest.raises(BlockedError, match="GPU-nowhere") as caught:
        run(plan, store, LocalRunner(Local(workers=1)))
    assert "CUDA_VISIBLE_DEVICES= " in caught.value.help


def test_workers_start_one_by_one_where_the_server_has_touched_cuda(store, monkeypatch):
    """As torch has it then: a fork can't use the GPU, a new process can."""
    monkeypatch.setattr(local, "slots", lambda *chosen: (Slot(gpu("GPU-nowhere")),))
    touched = "import torch; torch.cuda._is_in_bad_fork = lambda: True; from lmcspec.engine.forkserver"
    works = "import torch; torch.cuda.init = int; torch.cuda.get_device_name = str; from lmcspec.engine.worker"
    monkeypatch.setattr(processes, "_SERVER", processes._SERVER.replace("from lmcspec.engine.forkserver", touched))
    monkeypatch.setattr(processes, "_WORKER", processes._WORKER.replace("from lmcspec.engine.worker", works))
    plan = Plan()
    task = plan.add("look")
    summary, heard = run(plan, store, LocalRunner(Local(workers=1)))
    assert summary.done == (task,) and not of(events.Retried, heard)
    assert store.find(task).scalars["cuda"] == "GPU-nowhere"


def test_the_server_killed_in_mid_run_costs_a_retry(store):
    runner = LocalRunner(Local(workers=1))
    plan = Plan()
    plan.add("sleep-short", 1)
    plan.add("sleep-short", 2)
    heard = []

    def kill(event):
        heard.append(event)
        if isinstance(event, events.Started) and len(of(events.Started, heard)) == 1:
            runner._starter._process.kill()

    summary = engine.run(plan.job(), store, runner, listeners=[kill], retries=QUICK)
    assert len(summary.done) == 2
    assert len(of(events.Retried, heard)) == 1
    sweep(store)  # as a run does at its end: the worker may have begun and had no time to say so
    assert not list(store.root.glob("attempts/*/*/out")), "nothing that its worker had begun"


def test_nothing_is_left_after_a_run(store):
    before = set(psutil.Process().children(recursive=True))
    plan = Plan()
    task = plan.add()
    runner = LocalRunner(Local(workers=2))
    begun = time.monotonic()
    runner.start()
    assert time.monotonic() - begun < 0.5, "workers start while the driver does other things"
    run(plan, store, runner)
    assert set(psutil.Process().children(recursive=True)) == before
    assert holder(store, task) is None


def test_closing_before_anything_is_ready(store):
    runner = LocalRunner(Local(workers=2))
    runner.start()
    begun = time.monotonic()
    runner.close()
    runner.close()
    assert time.monotonic() - begun < 2
