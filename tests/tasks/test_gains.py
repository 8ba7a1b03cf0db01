"""Kinds that say a GPU is no use to them have to give the same bits wherever they run: they must not see where."""

import ast
import inspect
from importlib import import_module
from pathlib import Path

import pytest

from lmcspec.engine.context import TaskContext
from lmcspec.engine.execute import execute
from lmcspec.plan import compile_study
from lmcspec.plan.outlook import outlook
from lmcspec.spec import load
from lmcspec.store import Store
from lmcspec.tasks import kind
from lmcspec_runners.inline import InlineRunner

ON_DEVICE = {"dataset", "training_images"}
"""Of `tasks/read.py`, what brings images to the task's device."""
NEVER = ("agreement", "chain", "detour", "distance", "overlap", "shuffle", "transitivity", "transport")


def test_the_kinds_that_gain_nothing():
    for name in NEVER:
        assert kind(name).gains(None) is False


@pytest.mark.parametrize("name", NEVER)
def test_what_gains_nothing_does_not_name_the_device(name):
    tree = ast.parse(inspect.getsource(import_module(f"lmcspec.tasks.{name}")))
    named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not named & {"device", "cuda", *ON_DEVICE}


def test_what_gains_nothing_runs_without_knowing_its_device(tmp_path, monkeypatch):
    plan = compile_study(load(Path(__file__).parents[1] / "kill" / "study.toml", []))
    met = []

    def device(context):
        task = plan.tasks.get(context.task)
        if task is not None:
            met.append(task.kind)
            assert kind(task.kind).gains(task.params), f"{task.kind} asks for its device"
        return "cpu"

    monkeypatch.setattr(TaskContext, "device", property(device, lambda *_: None), raising=False)
    store = Store.open(tmp_path / "store")
    summary = execute(outlook(plan, store), store, InlineRunner())
    assert not summary.failed and "train" in met
    ran = {plan.tasks[task].kind for task in summary.done}
    assert any(not kind(name).gains(next(t.params for t in plan.tasks.values() if t.kind == name)) for name in ran)
