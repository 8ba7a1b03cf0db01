"""A study on devices that are declared: trainings share pretended GPUs, masks are made on the CPU beside them."""

from collections import Counter
from pathlib import Path

import pytest
from manifest_for_tests import manifest

from lmcspec.catalog.runners.local import Local
from lmcspec.engine import events
from lmcspec.engine.execute import execute
from lmcspec.engine.limits import Limits
from lmcspec.plan import compile_study
from lmcspec.plan.outlook import outlook
from lmcspec.spec import load
from lmcspec.store import Store
from lmcspec.tasks import kind
from lmcspec_runners import devices
from lmcspec_runners.inline import InlineRunner
from lmcspec_runners.local import LocalRunner


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_study_on_declared_devices_gives_the_same_bits(tmp_path, monkeypatch):
    plan = compile_study(load(Path(__file__).parents[1] / "kill" / "study.toml", []))
    alone = Store.open(tmp_path / "alone")
    execute(outlook(plan, alone), alone, InlineRunner())
    monkeypatch.setenv(devices.DECLARED, "gpu 16 GB, 1 x cpu")
    runner = LocalRunner(Local(devices="gpu/2, cpu"))
    assert [slot.device.kind for slot in runner.slots] == ["gpu", "gpu", "cpu"]
    store, heard = Store.open(tmp_path / "store"), []
    assert not execute(outlook(plan, store), store, runner, [heard.append], limits=Limits(max_parallel=2)).failed
    on = {event.task.id: runner.slots[event.slot].device for event in heard if isinstance(event, events.Started)}
    for task, device in on.items():
        gains = kind(plan.tasks[task].kind).gains(plan.tasks[task].params)
        assert device.kind == ("gpu" if gains else "cpu"), plan.tasks[task].label
    assert set(Counter(device.kind for device in on.values())) == {"gpu", "cpu"}
    running = most = 0
    for event in heard:
        running += isinstance(event, events.Started) - isinstance(event, events.Finished)
        most = max(most, running)
    assert most == 2
    assert manifest(store) == manifest(alone)
