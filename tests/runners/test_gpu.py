"""Workers on real GPUs: which one they see, what becomes of its memory, and what becomes of its errors."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from jobs_for_tests import Plan
from manifest_for_tests import manifest

from lmcspec import engine
from lmcspec.catalog.runners.local import Local
from lmcspec.engine import Retries, events
from lmcspec.engine.execute import execute
from lmcspec.plan import compile_study
from lmcspec.plan.outlook import outlook
from lmcspec.spec import load
from lmcspec.store import Store
from lmcspec_runners import devices
from lmcspec_runners.inline import InlineRunner
from lmcspec_runners.local import LocalRunner
from lmcspec_runners.processes import ForkServer

pytestmark = pytest.mark.gpu


@pytest.fixture
def store(tmp_path):
    return Store.open(tmp_path / "store")


def run(plan, store, workers=1):
    heard = []
    runner = LocalRunner(Local(workers=workers))

    def hear(event):
        heard.append(event)
        # Were the server gone, each worker would have been started by itself.
        assert isinstance(event, events.RunStarted | events.RunEnded) or isinstance(runner._starter, ForkServer)

    summary = engine.run(plan.job(), store, runner, listeners=[hear], retries=Retries(first=0.001))
    return summary, heard, runner.slots


def of(kind, heard):
    return [event for event in heard if isinstance(event, kind)]


def test_a_worker_sees_the_gpu_of_its_slot_and_no_other(cuda, store):
    import torch

    models = {torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())}
    plan = Plan()
    for number in range(4):
        plan.add("gpu-look", number)
    summary, heard, slots = run(plan, store, workers=2)
    assert set(summary.done) == set(plan.tasks)
    assert {slot.device.name for slot in slots if slot.visible} <= {device.name for device in devices.gpus()}
    for event in of(events.Started, heard):
        stored = store.find(event.task.id)
        assert stored.scalars["visible"] == stored.scalars["uuid"] == slots[event.slot].visible
        assert (stored.scalars["count"], stored.scalars["sum"]) == (1, 2.0)
        numerics = stored.record["numerics"]
        assert numerics["device"] in models and numerics["deterministic"]


FORK = """
import os, sys
from lmcspec.engine.preload import preload
preload()
import torch
assert not torch.cuda.is_initialized()
child = os.fork()
if not child:
    os.environ["CUDA_VISIBLE_DEVICES"] = sys.argv[1]
    found = torch.cuda.device_count(), torch.ones(3, device="cuda").sum().item()
    os._exit(0 if found == (1, 3.0) else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_what_the_server_preloads_leaves_the_gpus_to_its_forks(cuda):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "ignore", "-c", FORK, devices.gpus()[0]]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr


def test_too_much_for_the_gpu_is_tried_once_more_alone(cuda, store, tmp_path):
    plan = Plan()
    task = plan.add("gpu-too-much", path=tmp_path / "marks")
    others = [plan.add("gpu-look", number) for number in range(3)]
    summary, heard, _ = run(plan, store, workers=2)
    assert (summary.failed, set(summary.done)) == ((task,), set(others))
    (retried,) = of(events.Retried, heard)
    assert (retried.reason, retried.alone) == ("out-of-memory", True)
    (failed,) = of(events.Failed, heard)
    assert failed.reason == "out-of-memory" and "memory" in failed.message
    pids = (tmp_path / "marks").read_text().split()
    assert len(pids) == 2 == len(set(pids))
    running, together = set(), []
    for event in heard:
        if isinstance(event, events.Started):
            running.add(event.task.id)
            together.append((event.task.id, len(running)))
        elif isinstance(event, events.Finished | events.Failed | events.Retried):
            running.discard(event.task.id)
    assert [count for identifier, count in together if identifier == task][-1] == 1 or len(devices.gpus()) > 1


def test_memory_that_a_task_has_left_is_there_for_others(cuda, store):
    plan = Plan()
    first = plan.add("gpu-hoard")
    second = plan.add("gpu-look", needs=(first,))
    run(plan, store)
    one, two = store.find(first), store.find(second)
    assert one.record["pid"] == two.record["pid"]
    assert two.scalars["reserved"] < 1 << 30


def test_after_an_error_on_the_gpu_another_worker_goes_on(cuda, store):
    plan = Plan()
    task = plan.add("gpu-assert", seconds=9.0)
    others = [plan.add("gpu-look", number) for number in range(2)]
    summary, heard, _ = run(plan, store)
    assert (summary.failed, summary.done) == ((task,), tuple(others))
    (replaced,) = of(events.WorkerReplaced, heard)
    assert "GPU" in replaced.why
    (failed,) = of(events.Failed, heard)
    assert failed.reason == "internal" and not of(events.Retried, heard)


def test_a_study_agrees_with_the_cpu_and_repeats_itself_bitwise(cuda, tmp_path):
    """Alone on a GPU, and two workers at a time."""
    plan = compile_study(load(Path(__file__).parents[1] / "kill" / "study.toml", []))
    runners = {"cpu": InlineRunner(), "alone": LocalRunner(Local(workers=1)), "two": LocalRunner(Local(workers=2))}
    stores = {name: Store.open(tmp_path / name) for name in runners}
    for name, runner in runners.items():
        summary = execute(outlook(plan, stores[name]), stores[name], runner)
        assert not summary.failed and not summary.skipped
    assert manifest(stores["alone"]) == manifest(stores["two"])
    assert manifest(stores["alone"]).keys() == manifest(stores["cpu"]).keys()
    for target in plan.targets:
        here, there = (stores[name].find(target.task).scalars for name in ("cpu", "alone"))
        if target.kind == "accuracy":
            # Rounding decides which of two weights of nearly one size is pruned, and from there networks part.
            assert there["test_error"] == pytest.approx(here["test_error"], abs=0.1)


def test_slots_of_a_gpu_and_of_the_cpu_beside_each_other(cuda, store):
    """Two workers share a GPU, two have none; a task's record says what it took of the GPU's memory."""
    plan = Plan()
    looks = [plan.add("gpu-look", number) for number in range(4)]
    runner = LocalRunner(Local(devices="1 x gpu/2, 2 x cpu"))
    first = devices.gpus()[0]
    assert [slot.device.name for slot in runner.slots] == [first.name, first.name, "cpu", "cpu"]
    assert first.memory > 2**30 and first.model
    heard = []
    summary = engine.run(plan.job(), store, runner, listeners=[heard.append], retries=Retries(first=0.001))
    assert set(summary.done) == set(looks)
    for event in of(events.Started, heard):
        assert event.slot in (0, 1), "what gains from a GPU runs there"
        assert store.find(event.task.id).record["memory"]["device"] > 0


def test_what_gains_nothing_gives_the_same_bits_on_either(cuda, tmp_path):
    """The masks of a study whose trainings ran on a GPU, pruned beside it and on it."""
    plan = compile_study(load(Path(__file__).parents[1] / "kill" / "study.toml", []))
    manifests = []
    for chosen in ("gpu", "gpu, 2 x cpu"):
        store = Store.open(tmp_path / chosen.replace(" ", ""))
        assert not execute(outlook(plan, store), store, LocalRunner(Local(devices=chosen))).failed
        manifests.append(manifest(store))
    assert manifests[0] == manifests[1]


def test_a_gpu_is_measured(cuda):
    from lmcspec.engine.measuring import fitted, measure

    document = fitted(measure("cuda:0", 2.0))
    assert 1e-7 < document["layer"][1] < 1e-2 and 1e9 < document["flops"][1] < 1e15
