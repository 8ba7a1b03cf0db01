"""Trainings that run as one program, and workers that are killed in the middle of one: all get done, once."""

import re
from collections import Counter

import pytest
from runs_for_tests import STUDY, Freeze, Run

from lmcspec.base.ids import digest
from lmcspec.engine.numerics import numerics
from lmcspec.plan import compile_study
from lmcspec.spec import load
from lmcspec.store import Store, remember, verify
from lmcspec.tasks import ways

pytestmark = pytest.mark.kill
THREADS = 1


class Fact:
    """Where a worker's context looks for what is known of ways to compute."""

    def __init__(self):
        self.numerics = numerics("cpu", THREADS)


def as_if_it_paid(store, plan):
    """Leave in the store that programs of four trainings are quicker, for all trainings of a plan."""
    for task in plan.tasks.values():
        if task.kind == "train":
            recipe = task.params.recipe.value
            key = ways.key_of(Fact(), task.params.model, recipe["precision"])
            remember(store, digest([key, "together", recipe["batch"]]), {"gains": {"2": 2.0, "3": 2.5, "4": 3.0}})


@pytest.mark.parametrize("killed", ["worker", "driver"])
def test_a_kill_in_the_middle_of_a_program(tmp_path, killed):
    """Of three replicates and a copy, whose trainings are one program."""
    store, plan = Store.open(tmp_path / "store"), compile_study(load(STUDY, ["replicates=3"]))
    as_if_it_paid(store, plan)
    options = ("--no-tracking", "--batching", "auto", "--set", "replicates=3")
    with Run(store.root, *options, "--only", "dense/*", workers=1, format="table") as run:
        with Freeze(run):
            for process in run.workers() if killed == "worker" else [run.process]:
                process.kill()
        assert run.end() == (0 if killed == "worker" else -9), run.said
        assert killed == "driver" or len(re.findall("retry .*SIGKILL", run.said)) == 4, run.said
    with Run(store.root, *options, workers=1) as run:
        assert run.end() == 0, run.said
    assert set(plan.tasks) <= set(store.ids())
    companies = Counter(store.find(task).record["numerics"].get("together", 1) for task in store.ids())
    assert companies[3] >= 3 and companies[4] >= 4
    assert verify(store) == []
    assert not list(store.root.glob("leases/*.json"))
