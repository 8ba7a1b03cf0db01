"""A small study that is tracked, and short ways to run it and to tell about it."""

import pytest

from lmcspec.cli import main
from lmcspec.plan.planned_study import read_study
from lmcspec.report import tracked as reporter
from lmcspec.track import Tracker

SPEC = """
study = "tracked"
replicates = 2
dataset = "digits"
model = { name = "mlp", widths = [8] }
[recipes.real]
length = "1ep"
batch = 64
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 }
[networks]
dense = []
imp = [{ data = "real", rounds = 2 }]
[measures]
accuracy = {}
stability = { at = [0, "3it"], levels = ["dense", "last"], points = 3 }
"""


def run(spec, store, *more):
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["run", str(spec), "--store", str(store), "--runner", "inline", *more])


def plan_of(spec, store, *sets):
    return read_study(spec, sets, store).plan


class Quick:
    """A reporter that draws nothing, which is what most tests can wait for."""

    rows = staticmethod(reporter.rows)

    def of_invocation(self, plan, store, runs, spec, command):
        yield "results.csv", f"{len(runs)} of {len(plan.tasks)} tasks, spec of {list(spec)}".encode()
        yield "figures/one.svg", command.encode()

    def of_task(self, task, result):
        if task.kind == "path":
            yield "path.svg", str(result.scalars["distance"]).encode()


def tracker_of(store, made_by=None):
    return Tracker(store, "http://made.up", made_by or Quick())
